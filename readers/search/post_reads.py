"""The reads of one search: by the index within a day's partitions, by the index anywhere, and which days there are.

Cassandra takes no IN on a partition together with an index, so a day is one request a bucket, side by side and a
bounded number in flight. Within a partition rows stand by (source, post_id), and an X id carries its time: read from
its end, a partition gives the day's last posts first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cassandra.cluster import ResultSet, Session
from cassandra.query import PreparedStatement

from conf.folding import words_of
from conf.schema import bound
from conf.snowflakes import x_id_at
from conf.tables import POSTS
from conf.topic import Topic
from readers.search.query import Query
from stores.execute import in_flight
from stores.prepare import prepared

COLUMNS = tuple(name for name in POSTS.columns if name not in ("topic", "day", "bucket", "folded", "words"))
"""The columns of a found post, as `posts` declares them."""
Row = Any
"""A row as the driver gives it: a named tuple of COLUMNS and what the search needs besides."""
Key = tuple[str, str]
"""Where a row stands in its partition: source and post id."""
IN_FLIGHT = 32
FIRST_ROWS = 160
"""Posts of a day that its first requests bring, over all buckets: what is read in vain of a frequent word."""
MANY_ROWS = 2000
ANYWHERE = 300
"""Posts up to which the index is asked for all of them at once, whatever their day."""
X = "x"
_PARTITION = bound(POSTS.partition)


@dataclass(frozen=True)
class First:
    """The first posts of a day that the index brings, and whether they are all of it."""

    day: date
    rows: list[Row]
    complete: bool


@dataclass(frozen=True)
class Span:
    """A half-open window over event times, UTC; None leaves a side open."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies inside."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


class Statements:
    """Prepared statements on `posts`, each prepared once."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self.session, self._table = session, f"{keyspace}.{POSTS.name}"
        self._prepared: dict[tuple[str, int], PreparedStatement] = {}

    def check(self) -> None:
        """Raises PulsoError, with the fix, where the tables are not there."""
        self.select(", ".join(COLUMNS), "LIMIT 1")

    def select(self, what: str, rest: str, fetch_size: int = 5000) -> PreparedStatement:
        """`SELECT what FROM posts rest`. Raises PulsoError, with the fix, where the tables are not there."""
        cql = f"SELECT {what} FROM {self._table} {rest}"
        if (cql, fetch_size) not in self._prepared:
            self._prepared[cql, fetch_size] = prepared(self.session, cql)
            self._prepared[cql, fetch_size].fetch_size = fetch_size
        return self._prepared[cql, fetch_size]


class PostReads:
    """What can be asked of Cassandra for one query in one topic. Every method raises what the driver raises."""

    def __init__(self, statements: Statements, topic: Topic, query: Query, span: Span) -> None:
        self._session, self._statements = statements.session, statements
        self._topic, self._query, self.span = topic, query, span
        self._columns = ", ".join([*COLUMNS, "folded"] if query.phrases else COLUMNS)
        self._first_rows = max(16, FIRST_ROWS // topic.buckets)

    @property
    def indexed(self) -> bool:
        """Whether the index leads to the posts; without words, hashtags or author whole days are read."""
        return bool(self._query.terms or self._query.author)

    @property
    def buckets(self) -> int:
        """Partitions a day."""
        return self._topic.buckets

    def stored_days(self) -> Callable[[], list[date]]:
        """Asks for the topic's days that hold posts and gives what waits for them, newest first.

        Cassandra looks at every partition's key for it, of all topics, so other things are asked meanwhile.
        """
        asked = self._session.execute_async(self._statements.select("DISTINCT topic, day, bucket", ""))

        def answered() -> list[date]:
            return sorted({key.day.date() for key in asked.result() if key.topic == self._topic.topic}, reverse=True)

        return answered

    def day_of(self, at: datetime) -> date:
        """The topic's day of an instant."""
        return self._topic.day_of(at)

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """The instants between which a day of the topic lies, UTC."""
        begin, end = (
            datetime.combine(at, time(0), self._topic.zone).astimezone(UTC) for at in (day, day + timedelta(days=1))
        )
        return begin, end

    def first(self, days: Sequence[date]) -> Iterator[First]:
        """For each day, in order, what its first requests bring of the index."""
        statement = self._in_partition(self._first_rows)
        requests = ((statement, self._values(day, bucket)) for day in days for bucket in range(self.buckets))
        results = self._ask(requests)
        for day in days:
            answers = [next(results) for _ in range(self.buckets)]
            rows = [row for answer in answers for row in answer.current_rows]
            yield First(day, self.kept(rows), not any(answer.has_more_pages for answer in answers))

    def ids_tell_time(self, day: date) -> bool:
        """Whether a day's posts stand in their partitions by time: all X's, from its ids' first instant on."""
        low, high = map(snowflake, self.day_bounds(day))
        statement = self._statements.select("source, post_id", f"WHERE {_PARTITION} LIMIT 1")
        answers = self._ask((statement, (self._topic.topic, day, bucket)) for bucket in range(self.buckets))
        lowest = [key_of(row) for answer in answers for row in answer]
        return low != "0" and len(low) == len(high) and all(key >= (X, low) for key in lowest)

    def whole(self, day: date) -> list[Row]:
        """All posts of a day, by the index."""
        statement = self._in_partition(MANY_ROWS)
        answers = self._ask((statement, self._values(day, bucket)) for bucket in range(self.buckets))
        return self.kept(row for answer in answers for row in answer)

    def inside(self, day: date, low: datetime, high: datetime) -> list[Row]:
        """The posts of a day whose ids tell of a time from `low` to before `high`, by the index."""
        statement = self._in_partition(MANY_ROWS, "AND (source, post_id) >= (?, ?) AND (source, post_id) < (?, ?)")
        bounds = (X, snowflake(low), X, snowflake(high))
        answers = self._ask((statement, self._values(day, bucket, bounds)) for bucket in range(self.buckets))
        return self.kept(row for answer in answers for row in answer)

    def last(self, day: date, before: Mapping[int, Key], count: int) -> dict[int, list[Row]]:
        """The last posts of some of a day's buckets before a key in each, last first, whatever they hold."""
        below = "AND (source, post_id) < (?, ?) ORDER BY source DESC, post_id DESC"
        columns = f"{', '.join(COLUMNS)}, folded"
        statement = self._statements.select(columns, f"WHERE {_PARTITION} {below} LIMIT {count}")
        answers = self._ask((statement, (self._topic.topic, day, bucket, *key)) for bucket, key in before.items())
        return dict(zip(before, (answer.all() for answer in answers), strict=True))

    def anywhere(self) -> list[tuple[date, Row]] | None:
        """All posts of the query with their days, or None where the index knows of ANYWHERE or more, in all topics."""
        where = " AND ".join(self._index_conditions())
        statement = self._statements.select(f"{self._columns}, topic, day", f"WHERE {where} LIMIT {ANYWHERE}")
        rows = self._session.execute(statement, self._index_values()).all()
        if len(rows) >= ANYWHERE:
            return None
        kind = self._query.kind
        ours = [row for row in rows if row.topic == self._topic.topic and kind in (None, row.kind)]
        return [(row.day.date(), row) for row in self.kept(ours)]

    def kept(self, rows: Iterable[Row]) -> list[Row]:
        """The rows inside the window that hold the phrases."""
        holds = self._query.holds if self._query.phrases else None
        return [
            row
            for row in rows
            if row.event_at is not None
            and self.span.holds(row.event_at.replace(tzinfo=UTC))
            and (holds is None or holds(row.folded))
        ]

    def asked_for(self, row: Row) -> bool:
        """Whether a post that no index gave holds what the index would have told."""
        query = self._query
        if query.author not in (None, row.author) or query.kind not in (None, row.kind):
            return False
        words = words_of(row.folded or "") | {f"#{tag}" for tag in row.hashtags or ()}
        return words.issuperset(query.terms)

    def _ask(self, requests: Iterable[tuple[PreparedStatement, tuple[object, ...]]]) -> Iterator[ResultSet]:
        """The answers in the order of the requests, which are sent ahead, a bounded number of them."""
        for _, future in in_flight(requests, lambda request: self._session.execute_async(*request), IN_FLIGHT):
            yield future.result()

    def _in_partition(self, fetch_size: int, slice_: str = "") -> PreparedStatement:
        kind = " AND kind = ? ALLOW FILTERING" if self._query.kind else ""
        where = " AND ".join([_PARTITION, *self._index_conditions()])
        return self._statements.select(self._columns, f"WHERE {where} {slice_}{kind}", fetch_size)

    def _values(self, day: date, bucket: int, bounds: tuple[str, ...] = ()) -> tuple[object, ...]:
        kind = (self._query.kind,) if self._query.kind else ()
        return (self._topic.topic, day, bucket, *self._index_values(), *bounds, *kind)

    def _index_conditions(self) -> list[str]:
        return ["words CONTAINS ?" for _ in self._query.terms] + (["author = ?"] if self._query.author else [])

    def _index_values(self) -> tuple[str, ...]:
        return (*self._query.terms, *((self._query.author,) if self._query.author else ()))


def snowflake(at: datetime) -> str:
    """The smallest X id of an instant, as text."""
    return str(x_id_at(at))


def key_of(row: Row) -> Key:
    """Where a row stands in its partition."""
    return row.source, row.post_id
