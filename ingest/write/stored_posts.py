"""Finds stored posts, shown or hidden, and deletes, hides and shows them. A deletion applies to every topic."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from cassandra.cluster import ResponseFuture, Session
from cassandra.query import BatchStatement, BoundStatement, PreparedStatement

from conf.partitions import bucket_of
from conf.schema import bound
from conf.snowflakes import mastodon_made_at, x_made_at
from conf.tables import HIDDEN_POSTS, MATCHED, POSTS, TOPIC_LAYOUT
from ingest.formats.bluesky import made_at
from ingest.formats.post import Deletion, InvalidMessage, Post
from ingest.write.changed_days import ChangedDays
from ingest.write.post_statements import PostStatements, new_batch
from stores.execute import in_flight
from stores.layout import DayLayouts
from stores.prepare import prepared

BEYOND = 2**62
"""The write time of every deletion, in µs: later than that of any post."""
_COPIED = ("text", "text_more", *MATCHED.values(), "hashtags", "mentions", "urls", "lang")
_ONE_DAY = timedelta(days=1)
_TABLES = {False: POSTS, True: HIDDEN_POSTS}
"""The tables of posts, by whether these are hidden."""
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


@dataclass(frozen=True, slots=True)
class _Request:
    """A query for rows of one table."""

    hidden: bool
    statement: PreparedStatement
    values: tuple[Any, ...]


class StoredPosts:
    """Finds and changes stored posts. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str) -> None:
        columns = ", ".join((*POSTS.columns, "WRITETIME(author_id) AS written", "TTL(author_id) AS ttl"))
        self._session, self._keyspace = session, keyspace
        self._statements = PostStatements(session, keyspace)
        self.changed = ChangedDays(session, keyspace)
        self._of_author, self._by_author_id, self._one, self._in_topics = (
            {
                hidden: prepared(session, f"SELECT {columns} FROM {keyspace}.{table.name} WHERE {where}")
                for hidden, table in _TABLES.items()
            }
            for where in (
                "author = ?",
                f"{bound((*POSTS.partition, 'author_id'))} ALLOW FILTERING",
                bound(POSTS.key),
                f"topic IN ? AND {bound(POSTS.key[1:])}",
            )
        )
        self._layouts = f"SELECT topic, timezone, buckets FROM {keyspace}.{TOPIC_LAYOUT.name}"
        self._days = DayLayouts(session, keyspace)

    # What stands in a table.

    def find(self, deletions: Sequence[Deletion]) -> list[list[Found]]:
        """Returns the stored rows, shown and hidden, that each deletion is about. They must be `dated`."""
        if not deletions:
            return []
        layouts = list(self._session.execute(self._layouts))
        asked = [(place, request) for place, each in enumerate(deletions) for request in self._requests(each, layouts)]
        found: list[list[Found]] = [[] for _ in deletions]
        with closing(in_flight(asked, lambda one: self._send(one[1]))) as sent:
            for (place, request), future in sent:
                about = deletions[place]
                rows = (row for row in future.result() if row.source == about.source)
                found[place] += [Found(request.hidden, row) for row in rows if about.post_id in (None, row.post_id)]
        return found

    def dated(self, deletion: Deletion) -> Deletion:
        """Returns a deletion that can be looked for: it names the account, or says when the post was made.

        Raises InvalidMessage if neither the deletion nor the post's id says when that was.
        """
        post_id = deletion.post_id or ""
        if deletion.author or deletion.author_id or deletion.at:
            return deletion
        made_at_id = _BY_ID.get(deletion.source)
        made = made_at_id(post_id) if made_at_id else None
        if made is None:
            raise InvalidMessage(f"the id {post_id[:40]!r} does not tell when the post was made, and nothing else does")
        return replace(deletion, at=made)

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
        for found in self.find([about])[0]:
            if found.row.topic == topic and found.row.event_at:
                return msgspec.structs.replace(post, event_at=found.row.event_at.replace(tzinfo=UTC))
        return None

    def with_subject(self, post: Post, topic: str) -> Post | None:
        """Returns a repost with the text of the reposted post; None if that post is not stored in the topic."""
        made = made_at((post.retweet_of or "").split("/")[-1])
        subject = Deletion(source=post.source, post_id=post.retweet_of, at=made)
        layouts = [layout for layout in self._session.execute(self._layouts) if layout.topic == topic]
        requests = [request for request in self._near(subject, 1, layouts) if not request.hidden]
        with closing(in_flight(requests, self._send)) as sent:
            for _, future in sent:
                row = future.result().one()
                if row is not None:
                    copied = {name: getattr(row, name) or getattr(post, name) for name in _COPIED}
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
        table = f"{self._keyspace}.{_TABLES[hidden].name}"
        cql = f"DELETE {', '.join(fields)} FROM {table} USING TIMESTAMP ? WHERE {bound(POSTS.key)}"
        return prepared(self._session, cql)

    # Where a row may stand.

    def _send(self, request: _Request) -> ResponseFuture:
        return self._session.execute_async(request.statement, request.values)

    def _requests(self, deletion: Deletion, layouts: Sequence[Any]) -> Iterator[_Request]:
        """Yields the queries for the rows that a deletion is about, in every topic."""
        if deletion.author:
            for hidden, statement in self._of_author.items():
                yield _Request(hidden, statement, (deletion.author,))
        elif deletion.author_id:
            yield from self._everywhere(deletion.author_id)
        else:
            yield from self._near(deletion, 0 if deletion.source == "x" else 1, layouts)

    def _everywhere(self, author_id: str) -> Iterator[_Request]:
        """Yields queries that read every partition: no index is kept for the few messages that give only an id."""
        for hidden, table in _TABLES.items():
            keys = self._session.execute(
                f"SELECT DISTINCT {', '.join(POSTS.partition)} FROM {self._keyspace}.{table.name}"
            )
            for key in keys:
                yield _Request(hidden, self._by_author_id[hidden], (*key, author_id))

    def _near(self, deletion: Deletion, days: int, layouts: Sequence[Any]) -> Iterator[_Request]:
        """Yields the queries for where each topic would store the post, up to `days` days before and after."""
        if deletion.at is None or deletion.post_id is None:
            return
        topics: dict[tuple[date, int], list[str]] = defaultdict(list)
        for layout in layouts:
            day = deletion.at.astimezone(ZoneInfo(layout.timezone)).date()
            near = [day + shift * _ONE_DAY for shift in range(-days, days + 1)]
            for each, buckets in self._days.of(layout.topic, near, layout.buckets).items():
                topics[each, bucket_of(deletion.post_id, buckets)].append(layout.topic)
        for (day, bucket), names in topics.items():
            key = (names, day, bucket, deletion.source, deletion.post_id)
            for hidden, statement in self._in_topics.items():
                yield _Request(hidden, statement, key)


_BY_ID: Mapping[str, Callable[[str], datetime | None]] = {"x": x_made_at, "mastodon": mastodon_made_at}
"""What tells when a post was made by its id, for networks whose deletions do not name the author."""
