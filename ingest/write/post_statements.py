"""The statements that write and delete a post's rows, in every table that has one.

The rows of a post have the same key. Cassandra applies a batch on one key as one mutation, even if it concerns several
tables, so no crash can leave one row without the other.
"""

from collections.abc import Sequence

from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType, BoundStatement

from conf.schema import bound
from conf.tables import POST_TABLES, POSTS
from ingest.write.rows import Row
from stores.encoding import bigint
from stores.prepare import prepared


class PostStatements:
    """Adds inserts and deletions of posts to batches. Raises PulsoError, with the fix, if tables are missing."""

    def __init__(self, session: Session, keyspace: str) -> None:
        where = bound(POSTS.key)
        self._inserts = [prepared(session, table.insert(keyspace, timestamp=True)) for table in POST_TABLES]
        self._deletions = [prepared(session, table.delete(keyspace, where)) for table in POST_TABLES]

    def insert(self, batch: BatchStatement, row: Row, time: int) -> None:
        """Adds the inserts of a post's rows, with their write time in µs."""
        for statement, values in zip(self._inserts, row.values, strict=True):
            insert = BoundStatement(statement)
            insert.values = [*values, bigint(time)]  # they are encoded already
            batch.add(insert)

    def delete(self, batch: BatchStatement, key: Sequence[object], time: int) -> None:
        """Adds the deletions of a post's rows; `key` has the values of POSTS.key, `time` is their write time in µs."""
        for statement in self._deletions:
            batch.add(statement, (time, *key))


def new_batch() -> BatchStatement:
    """Returns an empty batch for rows of one partition, which is safe to repeat."""
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.is_idempotent = True
    return batch
