"""Moves a column into a table of its own with the same key, in a keyspace of an earlier release.

The values are copied with their write times. So a deletion or a newer version wins over the copy, whichever is written
first. What is copied already is not copied again: a move that was stopped goes on where it was. The column is dropped
only when one whole pass over the table has found nothing left to copy.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

from cassandra.cluster import ResponseFuture, Session
from cassandra.query import BatchStatement, PreparedStatement

from conf.errors import PulsoError
from conf.schema import Table, bound
from ingest.write.post_statements import new_batch
from stores.execute import execute_all, in_flight
from stores.moved import is_behind, moved_column
from stores.prepare import prepared
from stores.refused import silence_told

OnStep = Callable[[str, int, int], None]
"""Called with what is being done, the number of finished partitions, and the number of all partitions."""
PASSES = 4
"""If even the last of these passes finds rows to copy, another program still writes the old column."""
PAGE_ROWS = 2000
READS = 8
"""Partitions that are read ahead."""
BATCH_CHARACTERS = 20_000
TIMEOUT = 60.0
"""Seconds that a read may take, and for which a write is repeated."""


class Move:
    """The move of one table's values from the table that it names in `taken_from`."""

    def __init__(self, session: Session, keyspace: str, table: Table, on_step: OnStep) -> None:
        self._session, self._keyspace, self._table = session, keyspace, table
        self._column = moved_column(table)
        self._old = f"{keyspace}.{table.taken_from}"
        self._name = f"{table.taken_from}.{self._column}"
        self._on_step = on_step

    def run(self) -> Iterator[str]:
        """Copies and drops the old column, if it is there; yields a line for each thing that was done.

        Raises PulsoError if another program still writes the old column, StoreDown when Cassandra does not answer. Then
        nothing was dropped.
        """
        if not is_behind(self._session, self._keyspace, self._table):
            return
        for _ in range(PASSES):
            copied = self._pass()
            if not copied:
                yield from self._drop()
                return
            yield f"copied {copied:,} rows from {self._name} to {self._table.name}"
        raise PulsoError(
            f"{self._keyspace}.{self._name} is still being written",
            "Stop the workers of the earlier release, and run migrate again; it goes on from here",
        )

    def _pass(self) -> int:
        """Copies what the table lacks, partition by partition; returns the number of copied rows."""
        with silence_told("Run migrate again; it goes on from here"):
            keys = ", ".join(self._table.partition)
            partitions = self._session.execute(f"SELECT DISTINCT {keys} FROM {self._old}", timeout=TIMEOUT).all()
            count = 0
            for done, copied in enumerate(self._copied(partitions), 1):
                count += copied
                self._on_step(f"{self._name} to {self._table.name}", done, len(partitions))
        return count

    def _copied(self, partitions: Iterable[Any]) -> Iterator[int]:
        """Copies one partition after the other, and yields the number of copied rows of each."""
        there, here = self._select(f"{self._keyspace}.{self._table.name}"), self._select(self._old, self._column)
        insert = prepared(self._session, self._table.insert(self._keyspace, timestamp=True))
        width = len(self._table.clustering)
        asked = ((statement, partition) for partition in partitions for statement in (there, here))
        with closing(in_flight(asked, self._send, 2 * READS)) as sent:
            for (_, copies), ((_, partition), values) in zip(sent, sent, strict=True):
                times = {row[:width]: row[width] for row in copies.result()}
                # A time is None where no value is stored. An older time is that of an earlier version.
                missing = [row for row in values.result() if (row[width] or 0) > (times.get(row[:width]) or 0)]
                execute_all(self._session, _batches(insert, partition, missing), TIMEOUT)
                yield len(missing)

    def _select(self, table: str, *columns: str) -> PreparedStatement:
        """Returns the query for a partition's rows: clustering columns, the write time of the column, and `columns`."""
        what = ", ".join((*self._table.clustering, f"MAXWRITETIME({self._column}) AS written", *columns))
        statement = prepared(self._session, f"SELECT {what} FROM {table} WHERE {bound(self._table.partition)}")
        statement.fetch_size = PAGE_ROWS
        return statement

    def _send(self, request: tuple[PreparedStatement, Any]) -> ResponseFuture:
        return self._session.execute_async(*request, timeout=TIMEOUT)

    def _drop(self) -> Iterator[str]:
        """Drops the old column's index, which would keep the column from being dropped, and then the column."""
        where = "keyspace_name = %s AND table_name = %s"
        query = f"SELECT index_name, options FROM system_schema.indexes WHERE {where}"
        for index in self._session.execute(query, (self._keyspace, self._table.taken_from)):
            if index.options["target"] in (self._column, f"values({self._column})"):
                self._session.execute(f"DROP INDEX IF EXISTS {self._keyspace}.{index.index_name}", timeout=TIMEOUT)
                yield f"dropped index {index.index_name}"
        self._session.execute(f"ALTER TABLE {self._old} DROP IF EXISTS {self._column}", timeout=TIMEOUT)
        yield f"dropped column {self._name}"


def _batches(insert: PreparedStatement, partition: Any, rows: Iterable[Any]) -> Iterator[BatchStatement]:
    """Yields the inserts of some rows of a partition: clustering columns, write time and value; sets of text only."""
    batch, size = new_batch(), 0
    for *key, written, texts in rows:
        batch.add(insert, (*partition, *key, texts, written))
        size += sum(map(len, texts))
        if size > BATCH_CHARACTERS:
            yield batch
            batch, size = new_batch(), 0
    if size:
        yield batch
