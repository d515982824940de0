"""The statements that write, delete, hide and show a post's rows, in every table that has one.

The rows of a post have the same key. Cassandra applies a batch on one key as one mutation, even if it concerns several
tables, so no crash can leave one row without the other, or a hidden post in both places.
"""

from collections.abc import Sequence
from typing import Any

from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE, BatchStatement

from conf.folding import search_words
from conf.schema import Table, bound
from conf.tables import HIDDEN_POSTS, MATCHED, POST_TABLES, POST_WORDS, POSTS
from ingest.write.rows import Row
from stores.encoded import EncodedBatch, EncodedRequests, head_of, written_at
from stores.encoding import ENCODERS
from stores.prepare import prepared


class PostStatements:
    """Adds inserts and deletions of posts to batches. Raises PulsoError, with the fix, if tables are missing.

    Without `words`, posts are inserted without their words. What is deleted is deleted in both tables all the same.
    """

    def __init__(self, session: Session, keyspace: str, *, words: bool = True) -> None:
        assert session.client_protocol_handler is EncodedRequests, "it is not one of cassandra_session"
        self._keyspace, self._words = keyspace, words
        where = bound(POSTS.key)
        tables = (*POST_TABLES, HIDDEN_POSTS)
        self._inserts = {
            table.name: prepared(session, table.insert(keyspace, timestamp=True, ttl=True)) for table in tables
        }
        self._heads = {name: head_of(insert) for name, insert in self._inserts.items()}
        self._deletions = {table.name: prepared(session, table.delete(keyspace, where)) for table in tables}

    def insert(self, batch: EncodedBatch, row: Row, time: int, ttl: int = 0) -> None:
        """Adds the inserts of a post's rows, with write time in µs and lifetime in seconds (0: for ever)."""
        self._add_encoded(batch, POSTS, row, row.posts, written := written_at(time, ttl))
        if self._words:
            self._add_encoded(batch, POST_WORDS, row, row.words, written)

    def insert_hidden(self, batch: EncodedBatch, row: Row, time: int, ttl: int = 0) -> None:
        """Adds the insert of a hidden post's row, as `insert` does for a post."""
        self._add_encoded(batch, HIDDEN_POSTS, row, row.posts, written_at(time, ttl))

    def delete(self, batch: BatchStatement, key: Sequence[object], time: int) -> None:
        """Adds the deletions of a post's rows; `key` has the values of POSTS.key, `time` is their write time in µs."""
        for table in POST_TABLES:
            batch.add(self._deletions[table.name], (time, *key))

    def delete_hidden(self, batch: BatchStatement, key: Sequence[object], time: int) -> None:
        """Adds the deletion of a hidden post's row, as `delete` does for a post."""
        batch.add(self._deletions[HIDDEN_POSTS.name], (time, *key))

    def hide(self, batch: BatchStatement, stored: Any, time: int) -> None:
        """Moves a post's row, as it was read with its `ttl`, to the hidden ones."""
        self._add(batch, HIDDEN_POSTS, stored, {}, time)
        self.delete(batch, [getattr(stored, name) for name in POSTS.key], time)

    def show(self, batch: BatchStatement, stored: Any, time: int) -> None:
        """Moves a hidden post's row, as it was read with its `ttl`, back to the posts, with its words."""
        words = {"words": search_words([getattr(stored, name) for name in MATCHED.values()], stored.hashtags)}
        for table in (POSTS, POST_WORDS):
            self._add(batch, table, stored, words, time)
        self.delete_hidden(batch, [getattr(stored, name) for name in POSTS.key], time)

    def _add(self, batch: BatchStatement, table: Table, stored: Any, more: dict[str, Any], time: int) -> None:
        values = [more[name] if name in more else getattr(stored, name) for name in table.columns]
        known = [UNSET_VALUE if value is None or value == [] else value for value in values]
        batch.add(self._inserts[table.name], (*known, time, stored.ttl or 0))

    def _add_encoded(self, batch: EncodedBatch, table: Table, row: Row, values: bytes, written: bytes) -> None:
        batch.add_encoded(self._heads[table.name] + values + written)
        if batch.routing_key is None:
            key = zip(POSTS.partition, row.partition, strict=True)
            batch.send_to(self._keyspace, [ENCODERS[POSTS.columns[name].cql](value) for name, value in key])


def new_batch() -> EncodedBatch:
    """Returns an empty batch for rows of one partition, which is safe to repeat."""
    batch = EncodedBatch()
    batch.is_idempotent = True
    return batch
