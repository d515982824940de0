"""Publishes a summary: each partition is swapped in one batch, so that a reader sees the old run or the new.

A batch confined to one partition is atomic and isolated in Cassandra. In it the rows that the run replaces are
deleted one microsecond before the new ones are written; of two runs at once, the later one's delete covers
whatever the other wrote, in whichever order they arrive.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from conf.errors import PulsoError
from conf.instants import micros
from conf.prepare import prepared
from conf.schema import Table
from jobs.window import Window

MOST_ROWS = 60_000
"""Rows in one swap: a batch holds 65,535 statements, and a mutation 16 MiB."""
PUBLISH_TIMEOUT = 120.0

Row = dict[str, Any]
Partition = Mapping[str, str]


@dataclass(frozen=True)
class Swap:
    """One partition's new rows for one window."""

    partition: Partition
    rows: list[Row]


def collect_rows(
    frame: DataFrame,
    table: Table,
    run_columns: Mapping[str, Any],
    derived: Mapping[str, Callable[[Row], Any]] | None = None,
) -> list[Row]:
    """A summary's rows on the driver, instants as milliseconds since 1970.

    `run_columns` are the same in each row; `derived` are those columns of the table that follow from a row.
    Raises PulsoError when columns or nulls are not as the table declares: nothing has been written then.
    """
    added = {name: of for name, of in (derived or {}).items() if name in table.columns}
    wanted = [name for name in table.columns if name not in run_columns and name not in added]
    if sorted(frame.columns) != sorted(wanted):
        raise PulsoError(f"{table.name}: the job gives {sorted(frame.columns)}, the table declares {sorted(wanted)}")
    instants = {field.name for field in frame.schema.fields if isinstance(field.dataType, T.TimestampType)}
    plain = [F.unix_millis(name).alias(name) if name in instants else F.col(name) for name in wanted]
    rows = [{**row.asDict(), **run_columns} for row in frame.select(*plain).collect()]
    for row in rows:
        row.update({name: of(row) for name, of in added.items()})
    required = [name for name, column in table.columns.items() if not column.nullable]
    for name in required:
        if any(row[name] is None for row in rows):
            raise PulsoError(f"{table.name}: {name} is null in a row, and must not be")
    return rows


def swaps(table: Table, partitions: Iterable[Partition], rows: Iterable[Row]) -> list[Swap]:
    """Rows by partition, with an empty swap for each partition that has none any more. Raises PulsoError when one
    is too large to be swapped whole."""
    by_key: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_key[tuple(row[name] for name in table.partition)].append(row)
    found = [Swap(p, by_key.pop(tuple(p[name] for name in table.partition), [])) for p in partitions]
    if by_key:
        raise PulsoError(f"{table.name}: rows for a partition that the job does not name: {next(iter(by_key))}")
    for swap in found:
        if len(swap.rows) > MOST_ROWS:
            raise PulsoError(
                f"{table.name}: {len(swap.rows):,} rows in {dict(swap.partition)}, at most {MOST_ROWS:,} fit one swap",
                "Run the window in parts",
            )
    return found


def publish(session: Session, keyspace: str, table: Table, found: Sequence[Swap], window: Window, at: int) -> int:
    """Swaps the partitions, each in one batch written at `at` (µs since 1970); gives the rows written."""
    insert = prepared(session, table.insert(keyspace, timestamp=True))
    for swap in found:
        batch = BatchStatement(BatchType.UNLOGGED)
        delete, bounds = _replaced(table, keyspace, swap.partition["period"], window)
        if delete is None:
            continue
        batch.add(prepared(session, delete), (at - 1, *(swap.partition[name] for name in table.partition), *bounds))
        for row in swap.rows:
            batch.add(insert, (*(row[name] for name in table.columns), at))
        session.execute(batch, timeout=PUBLISH_TIMEOUT)
    return sum(len(swap.rows) for swap in found)


def _replaced(table: Table, keyspace: str, period: str, window: Window) -> tuple[str | None, tuple[int, ...]]:
    """The DELETE of what a run over this window replaces: exactly the periods that it publishes."""
    whole = window.whole(period)
    if whole is None:
        return None, ()
    start, end = (micros(at) // 1000 for at in whole)
    where = " AND ".join(f"{name} = ?" for name in table.partition)
    exact = period == "window"
    bounds = "period_start = ? AND period_end = ?" if exact else "period_start >= ? AND period_start < ?"
    return f"DELETE FROM {keyspace}.{table.name} USING TIMESTAMP ? WHERE {where} AND {bounds}", (start, end)
