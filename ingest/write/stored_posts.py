"""Finds stored posts and changes them: for deletions, updates and reposts.

A deletion is written with a later write time than any post, so a replay of an old capture does not bring the post back.
The tables keep deletions (tombstones) for years. A deletion applies to every topic.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cassandra.cluster import Session
from cassandra.query import PreparedStatement

from conf.partitions import bucket_of
from conf.schema import bound
from conf.snowflakes import mastodon_made_at, x_made_at
from conf.tables import POSTS, TOPIC_LAYOUT
from ingest.formats.bluesky import made_at
from ingest.formats.post import Deletion, InvalidMessage, Post
from ingest.write.post_statements import PostStatements, new_batch
from stores.execute import in_flight
from stores.prepare import prepared

BEYOND = 2**62
"""The write time of every deletion, in µs."""
_COPIED = ("text", "folded", "hashtags", "mentions", "urls", "lang")
_ONE_DAY = timedelta(days=1)
EDITED_WITHIN = timedelta(hours=2)
"""The longest time between a post and its edits. X allows an hour (https://docs.x.com/x-api/fundamentals/edit-posts)."""


@dataclass(frozen=True, slots=True)
class Place:
    """The primary key of a row, and when its post was made."""

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
    """Finds and changes stored posts. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str) -> None:
        table, where = f"{keyspace}.{POSTS.name}", bound(POSTS.key)
        columns = ", ".join((*POSTS.key, "event_at", "author_id"))
        self._session = session
        self._table, self._where = table, where
        self._statements = PostStatements(session, keyspace)
        self._of_author = prepared(session, f"SELECT {columns} FROM {table} WHERE author = ?")
        self._one = prepared(session, f"SELECT {columns}, {', '.join(_COPIED)} FROM {table} WHERE {where}")
        self._layouts = f"SELECT topic, timezone, buckets FROM {keyspace}.{TOPIC_LAYOUT.name}"

    def delete(self, deletion: Deletion) -> int:
        """Deletes posts, or some of their columns, for ever; returns the number of rows concerned.

        Raises InvalidMessage if neither the deletion nor the id says when the post was made.
        """
        places = list(self._places(deletion))
        for place in places:
            if deletion.fields:
                self._session.execute(self._delete_fields(deletion.fields), (BEYOND, *place.key))
            else:
                self._delete_row(place)
        return len(places)

    def _delete_row(self, place: Place) -> None:
        batch = new_batch()
        self._statements.delete(batch, place.key, BEYOND)
        self._session.execute(batch)

    def _delete_fields(self, fields: Sequence[str]) -> PreparedStatement:
        what = ", ".join(fields)
        return prepared(self._session, f"DELETE {what} FROM {self._table} USING TIMESTAMP ? WHERE {self._where}")

    def delete_earlier(self, post: Post) -> None:
        """Deletes the versions that an edit replaces.

        The edit itself names them, and anybody may write that. So posts of another author stay, and so does what the id
        says was made more than EDITED_WITHIN before the edit.
        """
        for post_id in post.earlier:
            made = x_made_at(post_id)
            if made is None or not timedelta(0) <= post.event_at - made <= EDITED_WITHIN:
                continue
            for place in self._near(Deletion(source=post.source, post_id=post_id, at=made), days=0):
                stored = self._session.execute(self._one, place.key).one()
                if stored is None or stored.author_id == post.author_id:
                    self._delete_row(place)

    def in_place(self, post: Post, topic: str) -> Post | None:
        """Returns an update with the event time of the stored version; None if the topic has no stored version."""
        for place in self._by_author(post.author or "", post.source, post.post_id):
            if place.topic == topic and place.event_at:
                return replace(post, event_at=place.event_at.replace(tzinfo=UTC))
        return None

    def with_subject(self, post: Post, topic: str) -> Post | None:
        """Returns a repost with the text of the reposted post; None if that post is not stored in the topic."""
        made = made_at((post.retweet_of or "").split("/")[-1])
        subject = Deletion(source=post.source, post_id=post.retweet_of, at=made)
        places = [place for place in self._near(subject, days=1) if place.topic == topic]
        with closing(in_flight(places, lambda place: self._session.execute_async(self._one, place.key))) as asked:
            for _, future in asked:
                row = future.result().one()
                if row is not None:
                    copied = {name: getattr(row, name) or getattr(post, name) for name in _COPIED}
                    return replace(post, **copied)
        return None

    def _places(self, deletion: Deletion) -> Iterator[Place]:
        """The rows that a deletion is about. Those of X are not looked up: a deletion may come before its post."""
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
        """Where each topic would store the post, by the time it was made, and up to `days` days before and after."""
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
