"""The summaries of a pack's window, its runs, and the record of its collection: a Parquet file for each table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, product
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from cassandra.cluster import Session

from conf.partitions import parts_of
from conf.schema import Table, bound
from conf.tables import COLLECTION_GAPS, COLLECTION_THROUGH, NETWORKS, PERIODS, TABLES
from conf.topic import Topic
from readers.frames import PAGE
from readers.packs.disguise import Record
from readers.packs.folder import NewPack
from readers.partitions import Replaced, rows_of_run
from readers.runs.runs import jobs_of, runs_of, told_inputs
from stores.prepare import prepared
from stores.published import Period, Pointers, utc

FOLDER = "summaries"
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
SUMMARIES = tuple(table for table in TABLES if table.job)
"""Every table that a job publishes."""
AT_ONCE = 5_000
"""Rows that are written together."""
BULK_READS, BULK_PAGE = 4, 1_000
TYPES = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
    "date": pa.date32(),
    "timeuuid": pa.string(),
    "frozen<list<text>>": pa.list_(pa.string()),
    "frozen<map<text, timeuuid>>": pa.string(),
}
"""The types of Parquet, by CQL type. Runs are their ids; a run's inputs are a text: `table=run table=run`."""


@dataclass(frozen=True)
class Window:
    """Whose summaries are read, and of what time: periods that lie in [start, end)."""

    session: Session
    keyspace: str
    topic: Topic
    start: datetime | None
    end: datetime | None

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The window, with far times where it has no limit."""
        return self.start or FIRST, self.end or LAST

    def holds(self, row: Any) -> bool:
        """Returns whether a row's period lies in the window."""
        start, end = self.bounds
        return start <= utc(row.period_start) and utc(row.period_end) <= end

    def select(self, table: Table, where: str, values: Sequence[object]) -> Iterator[Any]:
        """Yields rows of a table."""
        names = ", ".join(table.columns)
        asked = prepared(self.session, f"SELECT {names} FROM {self.keyspace}.{table.name} WHERE {where}").bind(values)
        asked.fetch_size = PAGE
        yield from self.session.execute(asked)


def rows_of(window: Window, table: Table) -> Iterator[Any]:
    """Yields the published rows of a table. Raises Replaced if a later run replaces them meanwhile."""
    if table.is_bulk:
        return _bulk_rows(window, table)
    return _small_rows(window, table)


def _small_rows(window: Window, table: Table) -> Iterator[Any]:
    """Yields the rows of a small table: each partition as it was at one moment."""
    of_time = "period_start" in table.columns
    where = bound(table.partition) + (" AND period_start >= ? AND period_start < ?" if of_time else "")
    for partition in product(*(_values(window.topic, table, name) for name in table.partition)):
        for row in window.select(table, where, (*partition, *(window.bounds if of_time else ()))):
            if not of_time or window.holds(row):
                yield row


def _values(topic: Topic, table: Table, name: str) -> Sequence[str]:
    if name == "topic":
        return (topic.topic,)
    return parts_of(table, topic) if name == table.part else table.columns[name].values


def _bulk_rows(window: Window, table: Table) -> Iterator[Any]:
    pointers = Pointers(window.session, window.keyspace, table, window.topic.topic)
    for part, period_ in product(parts_of(table, window.topic), PERIODS):
        for period, pointer in pointers.within(part, period_, *window.bounds).items():
            if pointer.run_id is None or period.end > window.bounds[1]:
                continue
            yield from _of_run(window, table, period, pointer.run_id)
            if pointers.run_of(period) != pointer.run_id:
                raise Replaced(f"{table.name} of {window.topic.topic}")


def _of_run(window: Window, table: Table, period: Period, run_id: Any) -> Iterator[Any]:
    topic = window.topic
    return rows_of_run(window.session, window.keyspace, table, topic, period, run_id, most=BULK_READS, page=BULK_PAGE)


def runs(window: Window) -> Iterator[Any]:
    """Yields the runs of all jobs over the topic whose windows overlap this one, newest first for each job."""
    start, end = window.bounds
    for job in jobs_of(window.session, window.keyspace, window.topic):
        for row in runs_of(window.session, window.keyspace, window.topic, job):
            if utc(row.window_start) < end and start < utc(row.window_end):
                yield row


def collection(window: Window) -> tuple[list[Any], list[Any]]:
    """Returns the rows of COLLECTION_GAPS that touch the window, and those of COLLECTION_THROUGH."""
    start, end = window.bounds
    gaps = [
        row
        for source in NETWORKS
        for row in window.select(COLLECTION_GAPS, bound(COLLECTION_GAPS.partition), (window.topic.topic, source))
        if utc(row.gap_start) < end and (row.gap_end is None or start <= utc(row.gap_end))
    ]
    through = window.select(COLLECTION_THROUGH, bound(COLLECTION_THROUGH.partition), (window.topic.topic,))
    return gaps, list(through)


def write_table(
    pack: NewPack, table: Table, rows: Iterable[Any], change: Callable[[Table, Record], Record] | None
) -> int:
    """Writes rows of a table as a Parquet file, a few at a time; returns how many. No rows, no file."""
    left, count, path = iter(rows), 0, f"{FOLDER}/{table.name}.parquet"
    some = list(islice(left, AT_ONCE))
    if not some:
        return 0
    schema = pa.schema([pa.field(name, TYPES[column.cql]) for name, column in table.columns.items()])
    with pack.file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while some:
            records = [_record(table, row) for row in some]
            if change is not None:
                records = [change(table, record) for record in records]
            writer.write_table(pa.Table.from_pylist(records, schema))
            count += len(some)
            some = list(islice(left, AT_ONCE))
    pack.count(path, count)
    return count


def _record(table: Table, row: Any) -> Record:
    return {name: plain_value(column.cql, getattr(row, name)) for name, column in table.columns.items()}


def plain_value(cql: str, value: Any) -> Any:
    """Returns a value from the driver as Parquet takes it."""
    if value is None:
        return None
    if cql == "timeuuid":
        return str(value)
    if cql.startswith("frozen<map"):
        return told_inputs(value)
    if cql == "date":
        return value.date()
    return value
