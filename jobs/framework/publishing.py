"""Publishes a summary from the driver: the periods of each partition are swapped in one batch.

A batch confined to one partition is atomic and isolated in Cassandra, so that a reader sees the old run or the new. In
it the rows that the run replaces are deleted one microsecond before the new ones are written; of two runs at once, the
later one's delete covers whatever the other wrote, in whichever order they arrive. Tables with partitions of each
period's own are published by the executors instead (`bulk_publishing.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from conf.errors import PulsoError
from conf.instants import micros
from conf.schema import Table, bound
from jobs.framework.job import Output
from jobs.framework.publication import PUBLISH_TIMEOUT, Publication, owned_parts
from jobs.framework.window import Window
from stores.execute import execute_all
from stores.prepare import prepared

MOST_ROWS = 30_000
"""Rows in one swap: a batch holds 65,535 statements, and a mutation 16 MiB."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Swap:
    """Rows that replace what one partition holds of the periods that start in `bounds` (ms since 1970, half-open).

    With `exact`, `bounds` is one period's start and end; without bounds, the whole partition is replaced.
    """

    partition: Mapping[str, str]
    rows: list[Row]
    bounds: tuple[int, int] | None = None
    exact: bool = False


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
    instants = {field.name for field in frame.schema.fields if isinstance(field.dataType, T.TimestampType)}
    wanted = declared_columns(frame, table, {*run_columns, *added})
    plain = [F.unix_millis(name).alias(name) if name in instants else F.col(name) for name in wanted]
    rows = [{**row.asDict(), **run_columns} for row in frame.select(*plain).collect()]
    for row in rows:
        row.update({name: of(row) for name, of in added.items()})
    for name in (name for name, column in table.columns.items() if not column.nullable):
        if any(row[name] is None for row in rows):
            raise PulsoError(f"{table.name}: {name} is null in a row, and must not be")
    return rows


def declared_columns(frame: DataFrame, table: Table, known: set[str]) -> list[str]:
    """The columns that a job must give, in declared order. Raises PulsoError when it gives others."""
    wanted = [name for name in table.columns if name not in known]
    if sorted(frame.columns) != sorted(wanted):
        raise PulsoError(f"{table.name}: the job gives {sorted(frame.columns)}, the table declares {sorted(wanted)}")
    return wanted


def swaps(output: Output, publication: Publication, rows: Iterable[Row]) -> list[Swap]:
    """Rows by partition and span, with an empty swap for each that has none any more. Raises PulsoError when a period
    is too large to be swapped whole."""
    table = output.table
    by_key: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_key[tuple(row[name] for name in table.partition)].append(row)
    found: list[Swap] = []
    for part in owned_parts(output, publication):
        found += _swaps_of(part, by_key.pop(tuple(part[name] for name in table.partition), []), publication.window)
    if by_key:
        raise PulsoError(f"{table.name}: rows for a partition that the job does not name: {next(iter(by_key))}")
    for swap in found:
        if len(swap.rows) > MOST_ROWS:
            raise PulsoError(
                f"{table.name}: {len(swap.rows):,} rows in {dict(swap.partition)}, at most {MOST_ROWS:,} fit one swap",
                "Run the window in parts",
            )
    return found


def _swaps_of(part: Mapping[str, str], rows: list[Row], window: Window) -> Iterator[Swap]:
    """One swap, or where the rows are too many several of consecutive periods."""
    if "period" not in part:
        yield Swap(part, rows)
        return
    whole = window.whole(part["period"])
    if whole is None:
        return
    start, end = (micros(at) // 1000 for at in whole)
    if part["period"] == "window":
        yield Swap(part, rows, (start, end), exact=True)
        return
    first, members = start, list[Row]()
    for begins, some in groupby(sorted(rows, key=_period_start), key=_period_start):
        period = list(some)
        if members and len(members) + len(period) > MOST_ROWS:
            yield Swap(part, members, (first, begins))
            first, members = begins, []
        members += period
    yield Swap(part, members, (first, end))


def _period_start(row: Row) -> int:
    return int(row["period_start"])


def publish(session: Session, output: Output, found: Iterable[Swap], publication: Publication) -> int:
    """Swaps the partitions, each span in one batch written at the run's time; gives the rows written."""
    swaps_ = list(found)
    batches = (_batch(session, output.table, swap, publication) for swap in swaps_)
    execute_all(session, batches, PUBLISH_TIMEOUT, most=4)
    return sum(len(swap.rows) for swap in swaps_)


def _batch(session: Session, table: Table, swap: Swap, publication: Publication) -> BatchStatement:
    keyspace, at = publication.settings.keyspace, publication.at_us
    where = bound(table.partition)
    if swap.bounds:
        where += (
            " AND period_start = ? AND period_end = ?" if swap.exact else " AND period_start >= ? AND period_start < ?"
        )
    insert = prepared(session, table.insert(keyspace, timestamp=True))
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = True
    batch.add(
        prepared(session, table.delete(keyspace, where)),
        (at - 1, *(swap.partition[name] for name in table.partition), *(swap.bounds or ())),
    )
    for row in swap.rows:
        batch.add(insert, (*(row[name] for name in table.columns), at))
    return batch
