"""Writes the rows of a bulk table: executors write them under the run's id, before `published` points to the run.

Rows that Spark's driver has already (a local relation) are written by the driver, over the session that it has.

Nobody reads the rows before a pointer names their run. So old rows need not be deleted in the same step. If Spark
repeats a task, it writes the same rows again. Rows of runs that nothing names any more are removed later (`sweep.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, groupby
from typing import Any, NamedTuple

import pyarrow as pa
from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, BoundStatement, PreparedStatement
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from conf.instants import instant
from conf.partitions import period_buckets
from conf.schema import Table
from conf.settings import Settings
from jobs.framework.columns import KEY_ARROW, KEY_SPARK, declared_columns
from jobs.framework.executors import found_here, settings_for_executors
from jobs.framework.local import is_local
from jobs.framework.publication import PUBLISH_TIMEOUT, Publication, spans
from stores.connect import cassandra_session
from stores.encoding import ENCODERS, bigint
from stores.execute import execute_all
from stores.prepare import prepared
from stores.published import Period

BATCH_ROWS, BATCH_BYTES = 30_000, 8 * 1024 * 1024
"""The most rows and bytes in one batch, all of one partition.

Cassandra's own limits are 65,535 statements per batch and 16 MiB per mutation.
"""
BATCHES_IN_FLIGHT = 8
TASKS_A_CORE = 2

Values = tuple[Any, ...]


class Written(NamedTuple):
    """The result of the executors: the number of rows written, and the periods that have rows."""

    rows: int
    periods: set[Period]


def write_rows(table: Table, frame: DataFrame, publication: Publication, session: Session) -> Written:
    """Writes a frame's rows under the run's id, and returns what was written; nobody reads the rows yet.

    Triggers a Spark action, unless the driver has the rows. Raises TypeError if the frame has other columns than the
    table declares.
    """
    names, rows = _sent_key(table), _plain(table, frame, publication)
    if is_local(rows):
        written = _write(Writer(table, publication), session, _sorted(table, rows))
        told = [T.Row(*names)(*key) for key in written]
        return Written(sum(written.values()), {_period(table, row) for row in told})
    rows = _in_tasks(table, rows)
    schema = T.StructType([T.StructField(name, KEY_SPARK[table.columns[name].cql]) for name in names])
    own = settings_for_executors(publication.settings, str(rows.sparkSession.sparkContext.master))
    writer = Writer(table, replace(publication, settings=own))
    counts = rows.mapInArrow(partial(_write_all, writer), schema.add("rows", T.LongType())).collect()
    return Written(sum(row["rows"] for row in counts), {_period(table, row) for row in counts})


def _period(table: Table, row: T.Row) -> Period:
    start, end = (instant(row[name] * 1000) for name in ("period_start", "period_end"))
    return Period(row[table.part] if table.part else "", row["period"], start, end)


def _sent_key(table: Table) -> list[str]:
    """Returns the partition's columns that differ between rows: all but the run's id."""
    return [name for name in table.partition if name != "run_id"]


def _plain(table: Table, frame: DataFrame, publication: Publication) -> DataFrame:
    """Returns every declared column except the run's own, with instants in ms since 1970."""
    given = declared_columns(frame.columns, table, {"run_id", "computed_at", "bucket"})
    if "bucket" in table.columns:
        frame = frame.withColumn("bucket", _bucket(table, publication))
    instants = {field.name for field in frame.schema.fields if isinstance(field.dataType, T.TimestampType)}
    names = [name for name in table.columns if name in {*given, "bucket"}]
    plain = [F.unix_millis(name).alias(name) if name in instants else F.col(name) for name in names]
    return frame.select(*plain)


def _in_tasks(table: Table, rows: DataFrame) -> DataFrame:
    """Returns the rows of each partition in one task, sorted by primary key."""
    tasks = rows.sparkSession.sparkContext.defaultParallelism * TASKS_A_CORE
    key = _sent_key(table)
    return rows.repartition(tasks, *key).sortWithinPartitions(*key, *table.clustering)


def _sorted(table: Table, rows: DataFrame) -> Iterator[Values]:
    """Returns the rows that the driver has, sorted by primary key."""
    places = [rows.columns.index(name) for name in (*_sent_key(table), *table.clustering)]
    return iter(sorted((tuple(row) for row in rows.collect()), key=lambda row: [row[i] for i in places]))


def _bucket(table: Table, publication: Publication) -> Column:
    """Returns the bucket: CRC-32 of the last key column, modulo the number of buckets of the period."""
    counts = F.lit(1)
    for period in table.columns["period"].values:
        first = next(spans(publication.window, period), None)
        if first:
            buckets = period_buckets(publication.topic.buckets, period, *first)
            counts = F.when(F.col("period") == period, buckets).otherwise(counts)
    return F.pmod(F.crc32(F.col(table.key[-1]).cast("binary")), counts).cast("int")


@dataclass(frozen=True)
class Writer:
    """Encodes the rows of a table, in a task."""

    table: Table
    publication: Publication

    @property
    def sent(self) -> list[str]:
        """The columns of the frame, in order: all declared columns except those of the run."""
        return [name for name in self.table.columns if name not in ("run_id", "computed_at")]

    def by_partition(self, rows: Iterable[Values]) -> Iterator[tuple[Values, Iterator[Values]]]:
        """Groups sorted rows by partition; returns pairs of a partition's key and its rows."""
        places = [self.sent.index(name) for name in _sent_key(self.table)]
        return groupby(rows, key=lambda row: tuple(row[i] for i in places))

    def encoded(self, rows: Iterable[Values]) -> Iterator[tuple[list[Any], int]]:
        """Yields a pair for each row: its encoded values (in declared order, with the write time last), and its size.

        The size is the length of the row's own values, in bytes; the run's id and times do not count.
        """
        types = [self.table.columns[name].cql for name in self.sent]
        encoders = [ENCODERS["bigint" if cql == "timestamp" else cql] for cql in types]
        # In every declaration the run's columns are last; the write time follows them.
        run: dict[str, bytes] = {
            "run_id": self.publication.run_id.bytes,
            "computed_at": bigint(self.publication.at_us // 1000),
        }
        constant = [*run.values(), bigint(self.publication.at_us)]
        for row in rows:
            values = [UNSET_VALUE if v is None else encode(v) for encode, v in zip(encoders, row, strict=True)]
            yield [*values, *constant], sum(len(v) for v in values if v is not UNSET_VALUE)


def _batches(insert: PreparedStatement, writer: Writer, rows: Iterable[Values]) -> Iterator[BatchStatement]:
    """Yields the rows of one partition in batches that Cassandra accepts."""
    batch, count, size = _new_batch(), 0, 0
    for values, length in writer.encoded(rows):
        if count and (count >= BATCH_ROWS or size + length > BATCH_BYTES):
            yield batch
            batch, count, size = _new_batch(), 0, 0
        statement = BoundStatement(insert)
        statement.values = values
        batch.add(statement)
        count, size = count + 1, size + length
    yield batch


def _new_batch() -> BatchStatement:
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = True
    return batch


def _write_all(writer: Writer, arrived: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On an executor: writes the rows of a task; yields the key of each partition with its number of rows."""
    rows = (row for batch in arrived for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
    first = next(rows, None)
    if first is None:
        return
    session = _session_of_process(writer.publication.settings)
    yield _counted(writer.table, _write(writer, session, chain([first], rows)))


def _write(writer: Writer, session: Session, rows: Iterable[Values]) -> dict[Values, int]:
    """Writes rows that are sorted by primary key; returns the number of rows by the key of their partition."""
    counts: dict[Values, int] = {}
    insert = prepared(session, writer.table.insert(writer.publication.settings.keyspace, timestamp=True))

    def statements() -> Iterator[BatchStatement]:
        for key, some in writer.by_partition(rows):
            members = list(some)
            counts[key] = len(members)
            yield from _batches(insert, writer, members)

    execute_all(session, statements(), PUBLISH_TIMEOUT, most=BATCHES_IN_FLIGHT)
    return counts


def _counted(table: Table, counts: dict[Values, int]) -> pa.RecordBatch:
    names: Sequence[str] = _sent_key(table)
    columns = [*zip(*counts, strict=True), tuple(counts.values())]
    types = [*(KEY_ARROW[table.columns[name].cql] for name in names), pa.int64()]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=[*names, "rows"])


_OPEN = ExitStack()


@cache
def _session_of_process(settings: Settings) -> Session:
    """Returns the session of this Python worker, for all of its tasks.

    Connecting takes longer than a small task.
    """
    return _OPEN.enter_context(cassandra_session(found_here(settings)))
