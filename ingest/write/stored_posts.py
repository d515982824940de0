"""Finds stored posts and changes them: deletions, updates, and reposts that matter if their subject is kept.

A deleted row is shadowed by a tombstone whose write time lies beyond any other, so that no later replay of an old
capture brings it back; the table keeps its tombstones for years. Deletions apply to every topic.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cassandra.cluster import Session

from conf.partitions import bucket_of
from conf.schema import bound
from conf.snowflakes import mastodon_made_at, x_made_at
from conf.tables import POSTS, TOPIC_LAYOUT
from ingest.formats.bluesky import made_at
from ingest.formats.post import Deletion, InvalidMessage, Post
from stores.prepare import prepared

BEYOND = 2**62
"""The write time of a deletion, µs."""
_COPIED = ("text", "folded", "hashtags", "mentions", "urls", "lang")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A row's primary key, and when the post was made."""

    topic: str
    day: date
    bucket: int
    source: str
    post_id: str
    event_at: datetime | None = None

    @property
    def key(self) -> tuple[str, date, int, str, str]:
        """The values of POSTS.key."""
        return self.topic, self.day, self.bucket, self.source, self.post_id


class StoredPosts:
    """Finds and changes stored posts. Every method raises what the driver raises while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str) -> None:
        table, where = f"{keyspace}.{POSTS.name}", bound(POSTS.key)
        columns = ", ".join((*POSTS.key, "event_at"))
        self._session = session
        self._table, self._where = table, where
        self._of_author = prepared(session, f"SELECT {columns} FROM {table} WHERE author = ?")
        self._one = prepared(session, f"SELECT {columns}, {', '.join(_COPIED)} FROM {table} WHERE {where}")
        self._layouts = f"SELECT topic, timezone, buckets FROM {keyspace}.{TOPIC_LAYOUT.name}"

    def delete(self, deletion: Deletion) -> int:
        """Removes posts, or empties columns of them, for good; gives how many rows were told to go.

        Raises InvalidMessage where the deletion does not say when the post was made, and nothing else tells it.
        """
        what = ", ".join(deletion.fields)
        statement = prepared(self._session, f"DELETE {what} FROM {self._table} USING TIMESTAMP ? WHERE {self._where}")
        places = list(self._places(deletion))
        for place in places:
            self._session.execute(statement, (BEYOND, *place.key))
        return len(places)

    def delete_earlier(self, post: Post) -> None:
        """Removes the versions that an edit replaces."""
        for post_id in post.earlier:
            self.delete(Deletion(source=post.source, post_id=post_id))

    def in_place(self, post: Post, topic: str) -> Post | None:
        """An update under the event time of the version that it replaces; None when the topic does not keep that."""
        for place in self._by_author(post.author or "", post.source, post.post_id):
            if place.topic == topic and place.event_at:
                return replace(post, event_at=place.event_at.replace(tzinfo=UTC))
        return None

    def with_subject(self, post: Post, topic: str) -> Post | None:
        """A repost with the text of its subject; None when the topic does not keep the subject."""
        made = made_at((post.retweet_of or "").split("/")[-1])
        subject = Deletion(source=post.source, post_id=post.retweet_of, at=made)
        places = [place for place in self._near(subject, days=1) if place.topic == topic]
        for found in [self._session.execute_async(self._one, place.key) for place in places]:
            row = found.result().one()
            if row is not None:
                copied = {name: getattr(row, name) or getattr(post, name) for name in _COPIED}
                return replace(post, **copied)
        return None

    def _places(self, deletion: Deletion) -> Iterator[Place]:
        """The rows that a deletion means. X's may come before the post does, so they need not be there yet."""
        if deletion.source == "x":
            yield from self._near(replace(deletion, at=_made_at(deletion, x_made_at)), days=0)
        elif deletion.author:
            yield from self._by_author(deletion.author, deletion.source, deletion.post_id)
        else:
            for place in self._near(replace(deletion, at=_made_at(deletion, mastodon_made_at)), days=1):
                if self._session.execute(self._one, place.key).one():
                    yield place

    def _by_author(self, author: str, source: str, post_id: str | None) -> Iterator[Place]:
        for row in self._session.execute(self._of_author, (author,)):
            if row.source == source and post_id in (None, row.post_id):
                yield Place(row.topic, row.day.date(), row.bucket, row.source, row.post_id, row.event_at)

    def _near(self, deletion: Deletion, days: int) -> Iterator[Place]:
        """Where a post of that time stands in each topic, and so many days to either side."""
        if deletion.at is None or deletion.post_id is None:
            return
        for layout in self._session.execute(self._layouts):
            day = deletion.at.astimezone(ZoneInfo(layout.timezone)).date()
            bucket = bucket_of(deletion.post_id, layout.buckets)
            for shift in range(-days, days + 1):
                yield Place(layout.topic, day + shift * _ONE_DAY, bucket, deletion.source, deletion.post_id)


def _made_at(deletion: Deletion, by_id: Callable[[str], datetime | None]) -> datetime:
    """When the deleted post was made, as the deletion or the post's id tells. Raises InvalidMessage if neither does."""
    post_id = deletion.post_id or ""
    made = deletion.at or by_id(post_id)
    if made is None:
        raise InvalidMessage(f"the id {post_id[:40]!r} does not tell when the post was made, and nothing else does")
    return made
