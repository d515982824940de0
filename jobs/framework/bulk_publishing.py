"""Publishes a summary from the executors: tables in which each period has partitions of its own.

Rows are brought together by partition, and each partition is swapped in one batch, as `publishing.py` does it from the
driver: deleted one microsecond before the new rows are written, atomic and isolated. A partition too large for one
batch is swapped in spans of its first clustering column. What the run owns and has no rows for is deleted last. Every
row bears its run's id, so that a reader of several partitions can tell a mix.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, groupby
from typing import Any, NamedTuple

import pyarrow as pa
from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, BoundStatement
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from conf.buckets import period_buckets
from conf.schema import Table, bound
from conf.settings import Settings
from jobs.framework.job import Output
from jobs.framework.publication import PUBLISH_TIMEOUT, Publication, owned_partitions, spans
from jobs.framework.publishing import declared_columns
from stores.connect import cassandra_session
from stores.encoding import ENCODERS, bigint
from stores.execute import execute_all
from stores.prepare import prepared

MOST_ROWS, MOST_BYTES = 30_000, 8 * 1024 * 1024
"""In one batch: it holds 65,535 statements, and a mutation 16 MiB."""
TASKS_A_CORE = 2

ARROW = {"text": pa.string(), "timestamp": pa.int64(), "int": pa.int32()}
SPARK = {"text": T.StringType(), "timestamp": T.LongType(), "int": T.IntegerType()}
"""Types of the columns that partition a table; instants go as milliseconds."""

Values = tuple[Any, ...]


def publish_bulk(session: Session, output: Output, frame: DataFrame, publication: Publication) -> int:
    """Swaps the partitions of a bulk table on the executors; gives the rows written."""
    table = output.table
    rows = _rows(output, frame, publication)
    written = _key_schema(table).add("rows", T.LongType())
    swapped = rows.mapInArrow(partial(_swap_all, Swapper(table, publication)), written).collect()
    _delete_others(session, output, publication, {tuple(row)[:-1] for row in swapped})
    return sum(row.rows for row in swapped)


def _rows(output: Output, frame: DataFrame, publication: Publication) -> DataFrame:
    """Every declared column but the run's own, instants in ms, brought together and sorted by primary key."""
    table = output.table
    given = declared_columns(frame, table, {*_run_names(table), "bucket"})
    if "bucket" in table.columns:
        frame = frame.withColumn("bucket", _bucket(output, publication))
    instants = {field.name for field in frame.schema.fields if isinstance(field.dataType, T.TimestampType)}
    names = [name for name in table.columns if name in {*given, "bucket"}]
    plain = [F.unix_millis(name).alias(name) if name in instants else F.col(name) for name in names]
    tasks = frame.sparkSession.sparkContext.defaultParallelism * TASKS_A_CORE
    return (
        frame.select(*plain)
        .repartition(tasks, *table.partition)
        .sortWithinPartitions(*table.partition, *table.clustering)
    )


def _run_names(table: Table) -> list[str]:
    return [name for name in ("run_id", "computed_at") if name in table.columns]


def _bucket(output: Output, publication: Publication) -> Column:
    """CRC-32 of the last key column, modulo the period's partitions."""
    counts = F.lit(1)
    for period in output.periods:
        first = next(spans(publication.window, period), None)
        if first:
            counts = F.when(F.col("period") == period, period_buckets(publication.topic, period, *first)).otherwise(
                counts
            )
    return F.pmod(F.crc32(F.col(output.table.key[-1]).cast("binary")), counts).cast("int")


def _key_schema(table: Table) -> T.StructType:
    return T.StructType([T.StructField(name, SPARK[table.columns[name].cql]) for name in table.partition])


def _delete_others(session: Session, output: Output, publication: Publication, swapped: set[Values]) -> None:
    """Deletes the partitions that the run owns and has no rows for."""
    table = output.table
    delete = prepared(session, table.delete(publication.settings.keyspace, bound(table.partition)))
    keys = (tuple(p[name] for name in table.partition) for p in owned_partitions(output, publication))
    execute_all(
        session, (delete.bind((publication.at_us - 1, *key)) for key in keys if key not in swapped), PUBLISH_TIMEOUT
    )


class Encoded(NamedTuple):
    """A row: its first clustering value, all its values encoded, and their bytes."""

    leading: Any
    values: list[Any]
    size: int


@dataclass(frozen=True)
class Swapper:
    """What a task needs to swap partitions of a table."""

    table: Table
    publication: Publication

    @property
    def columns(self) -> list[str]:
        """The columns that the frame gives, in its order."""
        return [name for name in self.table.columns if name not in _run_names(self.table)]

    def keyed(self, rows: Iterable[Values]) -> Iterator[tuple[Values, list[Values]]]:
        """Sorted rows by partition."""
        places = [self.columns.index(name) for name in self.table.partition]
        for key, some in groupby(rows, key=lambda row: tuple(row[i] for i in places)):
            yield key, list(some)

    def encoded(self, rows: Iterable[Values]) -> Iterator[Encoded]:
        """Rows as Cassandra takes them."""
        leading = self.columns.index(self.table.clustering[0])
        types = [self.table.columns[name].cql for name in self.columns]
        encoders = [ENCODERS["bigint" if cql == "timestamp" else cql] for cql in types]
        # The run's columns stand last in every declaration; after them comes the write time.
        run = {"run_id": self.publication.run_id.bytes, "computed_at": bigint(self.publication.at_us // 1000)}
        constant = [*(run[name] for name in _run_names(self.table)), bigint(self.publication.at_us)]
        for row in rows:
            values = [UNSET_VALUE if v is None else encode(v) for encode, v in zip(encoders, row, strict=True)]
            yield Encoded(row[leading], [*values, *constant], sum(len(v) for v in values if v is not UNSET_VALUE))


class Batches:
    """Makes the batches of partitions, with statements prepared once."""

    def __init__(self, swapper: Swapper, session: Session) -> None:
        table, keyspace = swapper.table, swapper.publication.settings.keyspace
        delete, leading = table.delete(keyspace, bound(table.partition)), table.clustering[0]
        self._swapper = swapper
        self._insert = prepared(session, table.insert(keyspace, timestamp=True))
        self._deletes = {
            (lower, upper): prepared(session, delete + f" AND {leading} >= ?" * lower + f" AND {leading} < ?" * upper)
            for lower in (False, True)
            for upper in (False, True)
        }

    def of(self, key: Values, rows: Iterable[Values]) -> Iterator[BatchStatement]:
        """One partition's batches: one, unless its rows are too many."""
        lower: Any = None
        for members, upper in _spans(self._swapper.encoded(rows)):
            batch = BatchStatement(BatchType.UNLOGGED)
            batch.is_idempotent = True
            bounds = [bound for bound in (lower, upper) if bound is not None]
            delete = self._deletes[lower is not None, upper is not None]
            batch.add(delete, (self._swapper.publication.at_us - 1, *key, *bounds))
            for row in members:
                bound = BoundStatement(self._insert)
                bound.values = row.values
                batch.add(bound)
            yield batch
            lower = upper


def _spans(rows: Iterable[Encoded]) -> Iterator[tuple[list[Encoded], Any]]:
    """Rows in runs that fit one batch, each with the first clustering value of the run after it (None after the last).

    Rows of one such value stay together.
    """
    members, size = list[Encoded](), 0
    for leading, some in groupby(rows, key=lambda row: row.leading):
        group = list(some)
        length = sum(row.size for row in group)
        if members and (len(members) + len(group) > MOST_ROWS or size + length > MOST_BYTES):
            yield members, leading
            members, size = [], 0
        members += group
        size += length
    yield members, None


def _swap_all(swapper: Swapper, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On an executor: swaps the partitions of a task's rows, and gives each key with its rows."""
    rows = (row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
    first = next(rows, None)
    if first is None:
        return
    counts: dict[Values, int] = {}

    def statements(session: Session) -> Iterator[BatchStatement]:
        made = Batches(swapper, session)
        for key, members in swapper.keyed(chain([first], rows)):
            counts[key] = len(members)
            yield from made.of(key, members)

    session = _session_of_process(swapper.publication.settings)
    execute_all(session, statements(session), PUBLISH_TIMEOUT, most=8)
    columns = [*zip(*counts, strict=True), tuple(counts.values())]
    types = [*(ARROW[swapper.table.columns[name].cql] for name in swapper.table.partition), pa.int64()]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    yield pa.RecordBatch.from_arrays(arrays, names=[*swapper.table.partition, "rows"])


_OPEN = ExitStack()


@cache
def _session_of_process(settings: Settings) -> Session:
    """A Python worker's session, for all tasks that come to it: to connect takes longer than a small task."""
    return _OPEN.enter_context(cassandra_session(settings))
