"""Deletions that were applied before a post's words had a table of their own.

The mark of such a deletion (its tombstone) is in `posts` alone: `migrate` can't copy it, since CQL does not show marks.
If an old capture is replayed, `posts` hides the deleted post, but `post_words` would show its words. So after a write
of posts from before the move, this looks up which of them `posts` hides, and deletes their words. For this, a read must
see what was just written, as with the default PULSO_CONSISTENCY. In a keyspace that no earlier release has used, this
does nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing

from cassandra.cluster import Session
from cassandra.query import BatchStatement

from conf.schema import bound
from conf.tables import POST_WORDS, POSTS
from ingest.write.post_statements import new_batch
from ingest.write.rows import Write
from stores.execute import in_flight
from stores.moved import moved_at
from stores.prepare import prepared

TOGETHER = 100
"""The number of posts that are looked up by one request."""


class EarlierDeletions:
    """Applies deletions from before the move to the words of posts that were just written."""

    def __init__(self, session: Session, keyspace: str, most_in_flight: int) -> None:
        self._session = session
        self._in_flight = most_in_flight
        self._moved_at = moved_at(session, keyspace, POST_WORDS)
        key = ", ".join(POSTS.clustering)
        table = f"{keyspace}.{POSTS.name}"
        where = f"{bound(POSTS.partition)} AND ({key}) IN ?"
        self._shown = prepared(session, f"SELECT {key} FROM {table} WHERE {where}")
        self._delete = prepared(session, POST_WORDS.delete(keyspace, bound(POST_WORDS.key)))

    def apply(self, writes: Sequence[Write]) -> None:
        """Deletes the words of the posts that `posts` hides. Raises the driver's errors; it is safe to repeat.

        The deletion has the write time of the post. So a later version of the post is not concerned.
        """
        if self._moved_at is None:
            return
        old = [write for write in writes if not write.hidden and write.row.event_at < self._moved_at]
        asked = in_flight(_chunks(old), lambda chunk: self._session.execute_async(self._shown, _keys(chunk)))
        with closing(asked):
            for chunk, future in asked:
                shown = set(future.result())
                hidden = [write for write in chunk if write.row.key[3:] not in shown]
                if hidden:
                    self._session.execute(self._deletions(hidden))

    def _deletions(self, writes: Sequence[Write]) -> BatchStatement:
        batch = new_batch()
        for write in writes:
            batch.add(self._delete, (write.time, *write.row.key))
        return batch


def _chunks(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """Yields writes of one partition together, at most TOGETHER at a time."""
    partitions: dict[object, list[Write]] = defaultdict(list)
    for write in writes:
        partitions[write.row.partition].append(write)
    for part in partitions.values():
        for start in range(0, len(part), TOGETHER):
            yield part[start : start + TOGETHER]


def _keys(writes: Sequence[Write]) -> tuple[object, ...]:
    """Returns the values of the request for some posts of one partition."""
    return (*writes[0].row.partition, [write.row.key[3:] for write in writes])
