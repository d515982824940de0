"""Finds stored posts, shown or hidden, and deletes, hides and shows them. A deletion applies to every topic."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any, TypeAlias

import msgspec
from cassandra.cluster import ResponseFuture, Session
from cassandra.query import BatchStatement, BoundStatement, PreparedStatement

from conf.schema import bound
from conf.tables import MATCHED, POSTS
from ingest.formats.bluesky import made_at
from ingest.formats.post import Deletion, Post
from ingest.write.changed_days import ChangedDays
from ingest.write.post_statements import PostStatements, new_batch
from ingest.write.sought import COLUMNS, TABLES, Query, SoughtPosts
from stores.execute import in_flight
from stores.prepare import prepared

BEYOND = 2**62
"""The write time of every deletion, in µs: later than that of any post."""
_COPIED = ("text", "text_more", *MATCHED.values(), "hashtags", "mentions", "urls", "lang")
Statement: TypeAlias = BoundStatement | BatchStatement
Key = tuple[str, date, int, str, str]
"""The values of POSTS.key."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stored row of a post: the columns of POSTS, its write time in µs as `written`, and its lifetime as `ttl`."""

    hidden: bool
    row: Any

    @property
    def key(self) -> Key:
        """The values of POSTS.key."""
        return self.row.topic, self.row.day.date(), self.row.bucket, self.row.source, self.row.post_id

    @property
    def post(self) -> Post:
        """What identifies the post and its author."""
        row = self.row
        at = row.event_at.replace(tzinfo=UTC)
        return Post(source=row.source, post_id=row.post_id, event_at=at, author_id=row.author_id, author=row.author)


class StoredPosts:
    """Finds and changes stored posts. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session, self._keyspace = session, keyspace
        self._statements = PostStatements(session, keyspace)
        self._sought = SoughtPosts(session, keyspace)
        self.changed = ChangedDays(session, keyspace)
        self._one = {
            hidden: prepared(session, f"SELECT {COLUMNS} FROM {keyspace}.{table.name} WHERE {bound(POSTS.key)}")
            for hidden, table in TABLES.items()
        }

    # What stands in a table.

    def find(self, deletions: Sequence[Deletion]) -> Iterator[tuple[int, Found]]:
        """Yields the stored rows, shown and hidden, that deletions are about, each with the deletion's place.

        The deletions must be `dated`. A row that several are about is yielded for each.
        """
        yield from self._asked(self._sought.queries(deletions))

    def _asked(self, queries: Iterable[Query]) -> Iterator[tuple[int, Found]]:
        with closing(in_flight(queries, self._send)) as sent:
            for query, future in sent:
                for row in future.result():
                    for place in query.about(row):
                        yield place, Found(query.hidden, row)

    def at(self, key: Key) -> list[Found]:
        """Returns the rows with this key, shown and hidden."""
        return [
            Found(hidden, row)
            for hidden, statement in self._one.items()
            for row in self._session.execute(statement, key)
        ]

    def in_place(self, post: Post, topic: str) -> Post | None:
        """Returns an update with the event time of the stored version; None if the topic has no stored version."""
        about = Deletion(source=post.source, author=post.author or "", post_id=post.post_id)
        for _, found in self.find([about]):
            if found.row.topic == topic and found.row.event_at:
                return msgspec.structs.replace(post, event_at=found.row.event_at.replace(tzinfo=UTC))
        return None

    def with_subject(self, post: Post, topic: str) -> Post | None:
        """Returns a repost with the text of the reposted post; None if that post is not stored in the topic."""
        made = made_at((post.retweet_of or "").split("/")[-1])
        subject = Deletion(source=post.source, post_id=post.retweet_of, at=made)
        shown = (query for query in self._sought.near({0: subject}, topic) if not query.hidden)
        for _, found in self._asked(shown) if made else ():
            copied = {name: getattr(found.row, name) or getattr(post, name) for name in _COPIED}
            return msgspec.structs.replace(post, **copied)
        return None

    # What is done to rows: statements, and `run`, which runs them.

    def deletion(self, found: Found, fields: Sequence[str] = ()) -> Statement:
        """Returns the statement that deletes a row for ever, or some of its columns."""
        if fields:
            return self._delete_fields(found.hidden, tuple(fields)).bind((BEYOND, *found.key))
        batch = new_batch()
        (self._statements.delete_hidden if found.hidden else self._statements.delete)(batch, found.key, BEYOND)
        return batch

    def hiding(self, found: Found) -> BatchStatement:
        """Returns the statement that moves a row to the hidden posts."""
        return self._moving(found, self._statements.hide)

    def showing(self, found: Found) -> BatchStatement:
        """Returns the statement that moves a row back from the hidden posts."""
        return self._moving(found, self._statements.show)

    def run(self, changes: Iterable[tuple[Found, Statement]]) -> None:
        """Runs statements about different rows, several at once: an account may have many posts.

        Then the days of these rows are noted as changed.
        """
        with closing(in_flight(changes, self._change)) as sent:
            for _, future in sent:
                future.result()
        self.changed.settle()

    def _change(self, change: tuple[Found, Statement]) -> ResponseFuture:
        found, statement = change
        self.changed.owe([found.key[:2]])
        return self._session.execute_async(statement)

    def _moving(self, found: Found, move: Callable[..., None]) -> BatchStatement:
        """Moves a row, one µs later than it was written: later than it was moved before, earlier than a new version."""
        batch = new_batch()
        move(batch, found.row, found.row.written + 1)
        return batch

    def _delete_fields(self, hidden: bool, fields: tuple[str, ...]) -> PreparedStatement:
        table = f"{self._keyspace}.{TABLES[hidden].name}"
        cql = f"DELETE {', '.join(fields)} FROM {table} USING TIMESTAMP ? WHERE {bound(POSTS.key)}"
        return prepared(self._session, cql)

    def _send(self, query: Query) -> ResponseFuture:
        return self._session.execute_async(query.statement, query.values)
