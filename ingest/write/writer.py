"""Writes posts to Cassandra: prepared inserts in unlogged batches of one partition, a bounded number in flight."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cassandra import InvalidRequest, OperationTimedOut, RequestExecutionException
from cassandra.cluster import NoHostAvailable, ResponseFuture, Session
from cassandra.connection import ConnectionException
from cassandra.query import BatchStatement, BatchType, BoundStatement

from conf.schema import bound
from conf.tables import POSTS
from ingest.queue.posts_queue import Message
from ingest.write.rows import Row
from stores.encoding import bigint
from stores.prepare import prepared

BATCH_BYTES = 40 * 1024
"""Under the guardrail of 50 KiB at which Cassandra refuses a batch."""
IN_FLIGHT = 16
RETRIED = (NoHostAvailable, OperationTimedOut, RequestExecutionException, ConnectionException)
"""What means that Cassandra is down or behind: wait and write again; an insert may be repeated at will."""


@dataclass(frozen=True, slots=True)
class Write:
    """One row with the message that asked for it, and its write time in µs."""

    message: Message
    row: Row
    time: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that Cassandra will never take, and why."""

    write: Write
    reason: str


class PostWriter:
    """Writes rows of `posts`. When `write` returns, Cassandra has taken every row but those it gives back."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._insert = prepared(session, POSTS.insert(keyspace, timestamp=True))
        self._insert.is_idempotent = True
        self._remove = prepared(session, POSTS.delete(keyspace, bound(POSTS.key)))

    def write(self, writes: Iterable[Write]) -> list[Rejected]:
        """Writes all rows. Raises one of RETRIED when Cassandra is down or behind; then write them again."""
        rejected: list[Rejected] = []
        in_flight: deque[tuple[ResponseFuture, list[Write]]] = deque()
        for statement, part in self._statements(writes):
            if len(in_flight) >= IN_FLIGHT:
                self._finish(*in_flight.popleft(), rejected)
            in_flight.append((self._session.execute_async(statement), part))
        while in_flight:
            self._finish(*in_flight.popleft(), rejected)
        return rejected

    def replace(self, write: Write) -> list[Rejected]:
        """Writes a row whole: what its earlier version said and this one does not is gone. Raises as `write`."""
        values = dict(zip(POSTS.columns, write.row.values, strict=True))
        remove = BoundStatement(self._remove)
        remove.values = [bigint(write.time - 1), *(values[name] for name in POSTS.key)]
        batch = _new_batch()
        batch.add(remove)
        batch.add(self._bound(write))
        rejected: list[Rejected] = []
        self._finish(self._session.execute_async(batch), [write], rejected)
        return rejected

    def _statements(self, writes: Iterable[Write]) -> Iterator[tuple[BatchStatement, list[Write]]]:
        partitions: dict[tuple[str, date, int], list[Write]] = defaultdict(list)
        for write in writes:
            partitions[write.row.partition].append(write)
        for part in partitions.values():
            yield from self._batches(part)

    def _batches(self, writes: list[Write]) -> Iterator[tuple[BatchStatement, list[Write]]]:
        batch, size, members = _new_batch(), 0, list[Write]()
        for write in writes:
            if members and size + write.row.size > BATCH_BYTES:
                yield batch, members
                batch, size, members = _new_batch(), 0, []
            batch.add(self._bound(write))
            members.append(write)
            size += write.row.size
        yield batch, members

    def _bound(self, write: Write) -> BoundStatement:
        """The insert with its values, which are encoded already."""
        bound = BoundStatement(self._insert)
        bound.values = [*write.row.values, bigint(write.time)]
        return bound

    def _finish(self, future: ResponseFuture, writes: list[Write], rejected: list[Rejected]) -> None:
        try:
            future.result()
        except InvalidRequest as error:
            if len(writes) == 1:
                rejected.append(Rejected(writes[0], f"refused by Cassandra: {error}"[:300]))
                return
            for write in writes:  # one bad row must not cost its neighbours
                rejected.extend(self.write([write]))


def _new_batch() -> BatchStatement:
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = True
    return batch
