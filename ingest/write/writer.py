"""Writes posts to Cassandra: prepared inserts, in unlogged batches of one partition, a bounded number in flight."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from cassandra import InvalidRequest
from cassandra.cluster import ResponseFuture, Session

from conf.settings import DEFAULTS
from ingest.write.changed_days import ChangedDays
from ingest.write.earlier_deletions import EarlierDeletions
from ingest.write.noted_days import untimed_days, wordless_days
from ingest.write.post_statements import PostStatements, new_batch
from ingest.write.refusal import Refusal
from ingest.write.rows import Write
from stores.changed_days import Day
from stores.encoded import EncodedBatch
from stores.execute import InFlight

End = Callable[[], list[Refusal]]
"""Waits for the end of a write, and returns the messages whose rows Cassandra refuses for ever. Raises as `begin`."""


class PostWriter:
    """Writes posts into POST_TABLES. When a write has ended, Cassandra has stored all rows except the refused ones.

    All rows of a post are in one batch. A batch holds rows of at most `batch_bytes`, or a single post; at most
    `in_flight` batches are under way at once. Without `words`, posts are stored without them, and their days are noted.
    """

    def __init__(
        self,
        session: Session,
        keyspace: str,
        batch_bytes: int = DEFAULTS.write_batch_bytes,
        in_flight: int = DEFAULTS.write_in_flight,
        *,
        words: bool = DEFAULTS.word_index,
    ) -> None:
        self._session = session
        self._batch_bytes = batch_bytes
        self._in_flight = in_flight
        self._statements = PostStatements(session, keyspace, words=words)
        self._earlier = EarlierDeletions(session, keyspace, in_flight)
        self._untimed = untimed_days(session, keyspace)
        self._wordless = None if words else wordless_days(session, keyspace)
        self._changed = ChangedDays(session, keyspace, in_flight)

    def begin(self, writes: Iterable[Write]) -> End:
        """Sends all rows, and returns while the last of them are under way. What it returns must be called once.

        Raises one of FAILURES when Cassandra is down or behind, once nothing is in flight; then write them all again.
        """
        writes, refused = list(writes), list[Refusal]()
        self._note_days(writes)
        flying = InFlight(self._send, self._in_flight)
        try:
            for batch, future in flying.begin(self._batches(writes)):
                self._finish(future, batch.writes, refused)
        except BaseException:
            flying.close()
            raise
        return partial(self._end, flying, writes, refused)

    def write(self, writes: Iterable[Write]) -> list[Refusal]:
        """Writes all rows; returns the messages whose rows Cassandra refuses for ever, such as too large ones.

        Raises the same as `begin`.
        """
        return self.begin(writes)()

    def _end(self, flying: "InFlight[_Batch]", writes: list[Write], refused: list[Refusal]) -> list[Refusal]:
        with closing(flying):
            for batch, future in flying.land():
                self._finish(future, batch.writes, refused)
        self._earlier.apply(writes)
        self._note_changed(writes)
        return refused

    def replace(self, write: Write) -> list[Refusal]:
        """Writes a post, and deletes values that only its earlier version had.

        Returns and raises the same as `write`.
        """
        self._note_days([write])
        batch = _Batch([write])
        delete = self._statements.delete_hidden if write.hidden else self._statements.delete
        delete(batch.statement, write.row.key, write.time - 1)
        self._insert(batch, write)
        refused: list[Refusal] = []
        self._finish(self._send(batch), batch.writes, refused)
        self._earlier.apply([write])
        self._note_changed([write])
        return refused

    def _note_days(self, writes: list[Write]) -> None:
        """Notes, before posts are stored, what readers must know of their days."""
        self._untimed.note(writes)
        if self._wordless:
            self._wordless.note(writes)
        self._changed.owe(_days(writes))

    def _note_changed(self, writes: list[Write]) -> None:
        """Notes the days of stored rows; those of another write may have been noted before its rows were stored."""
        self._changed.owe(_days(writes))
        self._changed.settle()

    def _insert(self, batch: "_Batch", write: Write) -> None:
        insert = self._statements.insert_hidden if write.hidden else self._statements.insert
        insert(batch.statement, write.row, write.time, write.ttl)

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
                self._insert(batch, write)
                size += write.row.size
            yield batch

    def _send(self, batch: "_Batch") -> ResponseFuture:
        return self._session.execute_async(batch.statement)

    def _finish(self, future: ResponseFuture, writes: list[Write], refused: list[Refusal]) -> None:
        try:
            future.result()
        except InvalidRequest as error:
            if len(writes) == 1:
                refused.append(Refusal(writes[0].message, f"refused by Cassandra: {error}"[:300]))
                return
            for write in writes:  # one bad row must not cost its neighbours
                refused.extend(self.write([write]))


def _days(writes: Iterable[Write]) -> set[Day]:
    return {write.row.partition[:2] for write in writes if not write.hidden}


@dataclass(frozen=True, slots=True)
class _Batch:
    """Posts whose rows go to Cassandra in one request."""

    writes: list[Write] = field(default_factory=list)
    statement: EncodedBatch = field(default_factory=new_batch)
