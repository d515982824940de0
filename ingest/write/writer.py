"""Writes posts to Cassandra: prepared inserts, in unlogged batches of one partition, a bounded number in flight."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date

from cassandra import InvalidRequest
from cassandra.cluster import ResponseFuture, Session
from cassandra.query import BatchStatement, BatchType, BoundStatement

from conf.schema import bound
from conf.settings import DEFAULTS
from conf.tables import POSTS
from ingest.queue.envelope import Message
from ingest.write.refusal import Refusal
from ingest.write.rows import Row
from stores.encoding import bigint
from stores.execute import in_flight
from stores.prepare import prepared


@dataclass(frozen=True, slots=True)
class Write:
    """A row, the message it comes from, and its write time in µs."""

    message: Message
    row: Row
    time: int


class PostWriter:
    """Writes rows of `posts`. When `write` returns, Cassandra has stored all rows except the refused ones.

    A batch holds rows of at most `batch_bytes`, or a single row; at most `in_flight` batches are under way at once.
    """

    def __init__(
        self,
        session: Session,
        keyspace: str,
        batch_bytes: int = DEFAULTS.write_batch_bytes,
        in_flight: int = DEFAULTS.write_in_flight,
    ) -> None:
        self._session = session
        self._batch_bytes = batch_bytes
        self._in_flight = in_flight
        self._insert = prepared(session, POSTS.insert(keyspace, timestamp=True))
        self._insert.is_idempotent = True
        self._remove = prepared(session, POSTS.delete(keyspace, bound(POSTS.key)))

    def write(self, writes: Iterable[Write]) -> list[Refusal]:
        """Writes all rows; returns the messages whose rows Cassandra refuses for ever, such as too large ones.

        Raises one of FAILURES when Cassandra is down or behind, once nothing is in flight; then write them all again.
        """
        refused: list[Refusal] = []
        with closing(in_flight(self._batches(writes), self._send, self._in_flight)) as sent:
            for batch, future in sent:
                self._finish(future, batch.writes, refused)
        return refused

    def replace(self, write: Write) -> list[Refusal]:
        """Writes a row, and deletes values that only its earlier version had.

        Returns and raises the same as `write`.
        """
        values = dict(zip(POSTS.columns, write.row.values, strict=True))
        remove = BoundStatement(self._remove)
        remove.values = [bigint(write.time - 1), *(values[name] for name in POSTS.key)]
        batch = _Batch([write])
        batch.statement.add(remove)
        batch.statement.add(self._bound(write))
        refused: list[Refusal] = []
        self._finish(self._send(batch), batch.writes, refused)
        return refused

    def _batches(self, writes: Iterable[Write]) -> Iterator["_Batch"]:
        """The writes in batches of one partition each, cut where the next row would make it too large."""
        partitions: dict[tuple[str, date, int], list[Write]] = defaultdict(list)
        for write in writes:
            partitions[write.row.partition].append(write)
        for part in partitions.values():
            batch, size = _Batch(), 0
            for write in part:
                if batch.writes and size + write.row.size > self._batch_bytes:
                    yield batch
                    batch, size = _Batch(), 0
                batch.writes.append(write)
                batch.statement.add(self._bound(write))
                size += write.row.size
            yield batch

    def _send(self, batch: "_Batch") -> ResponseFuture:
        return self._session.execute_async(batch.statement)

    def _bound(self, write: Write) -> BoundStatement:
        """The insert with the row's values, which are encoded already."""
        bound = BoundStatement(self._insert)
        bound.values = [*write.row.values, bigint(write.time)]
        return bound

    def _finish(self, future: ResponseFuture, writes: list[Write], refused: list[Refusal]) -> None:
        try:
            future.result()
        except InvalidRequest as error:
            if len(writes) == 1:
                refused.append(Refusal(writes[0].message, f"refused by Cassandra: {error}"[:300]))
                return
            for write in writes:  # one bad row must not cost its neighbours
                refused.extend(self.write([write]))


def _unlogged() -> BatchStatement:
    statement = BatchStatement(BatchType.UNLOGGED)
    statement.is_idempotent = True
    return statement


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that go to Cassandra in one request."""

    writes: list[Write] = field(default_factory=list)
    statement: BatchStatement = field(default_factory=_unlogged)
