"""What the nodes tell of a table, put together: the sum of its sizes, and the worst figure of any node."""

from dataclasses import dataclass
from datetime import datetime

from stores.health.state import Cassandra, NodeTable


@dataclass(frozen=True, slots=True)
class TableTotal:
    """A table on all nodes. `disk_mib` is the sum; the others are as in NodeTable, the highest of any node.

    `repaired_at` is the time of its last repair, UTC; None if that is not known, or with one copy.
    """

    name: str
    disk_mib: int
    largest_partition_mib: int
    read_ms: float
    write_ms: float
    tombstones_a_read: float
    repaired_at: datetime | None


def totals(cassandra: Cassandra) -> list[TableTotal]:
    """Returns the tables that were used: those that store something, or were read or written."""
    repaired = {repair.table: repair.repaired_at for repair in cassandra.repairs}
    names = dict.fromkeys(table.name for node in cassandra.nodes for table in node.tables)
    found = (
        _total([t for node in cassandra.nodes for t in node.tables if t.name == name], repaired.get(name))
        for name in names
    )
    return [table for table in found if table.disk_mib or table.read_ms or table.write_ms]


def _total(tables: list[NodeTable], repaired_at: datetime | None) -> TableTotal:
    return TableTotal(
        name=tables[0].name,
        disk_mib=sum(table.disk_mib for table in tables),
        largest_partition_mib=max(table.largest_partition_mib for table in tables),
        read_ms=max(table.read_ms for table in tables),
        write_ms=max(table.write_ms for table in tables),
        tombstones_a_read=max(table.tombstones_a_read for table in tables),
        repaired_at=repaired_at,
    )
