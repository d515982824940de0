"""The queries of one search: by index in one day's partitions, by index in all partitions, and for the days with posts.

Cassandra does not allow IN on a partition key together with an index. So a day needs one request per bucket; a limited
number of requests run at the same time. Within a partition, rows are ordered by (source, post_id), and an X id contains
the post's time. So if a partition is read from its end, the last posts of the day come first.
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
"""A row from the driver: a named tuple of COLUMNS, then the columns that the search itself needs."""
Key = tuple[str, str]
"""The place of a row in its partition: source and post id."""
IN_FLIGHT = 32
FIRST_ROWS = 160
"""The number of posts that the first requests of a day read, all buckets together.

A greater number would be useless for a frequent word.
"""
MANY_ROWS = 2000
ANYWHERE = 300
"""If the index has fewer posts than this for a search, one query reads them all, from all days."""
X = "x"
_PARTITION = bound(POSTS.partition)


@dataclass(frozen=True)
class First:
    """The first posts of a day that the index returns.

    `complete` says whether these are all matching posts of the day.
    """

    day: date
    rows: list[Row]
    complete: bool


@dataclass(frozen=True)
class Span:
    """A half-open window of event times, UTC. None means no limit on that side."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Returns whether an instant lies in the window."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


class Statements:
    """Queries on `posts`; each is prepared only once."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self.session, self._table = session, f"{keyspace}.{POSTS.name}"
        self._prepared: dict[tuple[str, int], PreparedStatement] = {}

    def check(self) -> None:
        """Raises PulsoError, with the fix, where the tables do not exist."""
        self.select(", ".join(COLUMNS), "LIMIT 1")

    def select(self, what: str, rest: str, fetch_size: int = 5000) -> PreparedStatement:
        """Returns the prepared `SELECT what FROM posts rest`. Raises PulsoError where the tables do not exist."""
        cql = f"SELECT {what} FROM {self._table} {rest}"
        if (cql, fetch_size) not in self._prepared:
            self._prepared[cql, fetch_size] = prepared(self.session, cql)
            self._prepared[cql, fetch_size].fetch_size = fetch_size
        return self._prepared[cql, fetch_size]


class PostReads:
    """The queries of one search in one topic. Every method raises the driver's errors."""

    def __init__(self, statements: Statements, topic: Topic, query: Query, span: Span) -> None:
        self._session, self._statements = statements.session, statements
        self._topic, self._query, self.span = topic, query, span
        self._columns = ", ".join([*COLUMNS, "folded"] if query.phrases else COLUMNS)
        self._first_rows = max(16, FIRST_ROWS // topic.buckets)

    @property
    def indexed(self) -> bool:
        """Whether the index can be used. For a search without words, hashtags and author, whole days are read."""
        return bool(self._query.terms or self._query.author)

    @property
    def buckets(self) -> int:
        """The partitions per day."""
        return self._topic.buckets

    def stored_days(self) -> Callable[[], list[date]]:
        """Sends the query for the topic's days with posts.

        Returns a function that waits for the answer, and returns the days, newest first.

        This query is slow: Cassandra reads the keys of all partitions of all topics. So the caller can send other
        queries meanwhile.
        """
        asked = self._session.execute_async(self._statements.select("DISTINCT topic, day, bucket", ""))

        def answered() -> list[date]:
            return sorted({key.day.date() for key in asked.result() if key.topic == self._topic.topic}, reverse=True)

        return answered

    def day_of(self, at: datetime) -> date:
        """Returns the topic's day to which an instant belongs."""
        return self._topic.day_of(at)

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """Returns the start and the end of a day of the topic, UTC."""
        begin, end = (
            datetime.combine(at, time(0), self._topic.zone).astimezone(UTC) for at in (day, day + timedelta(days=1))
        )
        return begin, end

    def first(self, days: Sequence[date]) -> Iterator[First]:
        """Yields, for each day in order, the first posts that the index returns."""
        statement = self._in_partition(self._first_rows)
        requests = ((statement, self._values(day, bucket)) for day in days for bucket in range(self.buckets))
        results = self._ask(requests)
        for day in days:
            answers = [next(results) for _ in range(self.buckets)]
            rows = [row for answer in answers for row in answer.current_rows]
            yield First(day, self.kept(rows), not any(answer.has_more_pages for answer in answers))

    def ids_tell_time(self, day: date) -> bool:
        """Returns whether the posts of a day are stored in the order of their times.

        This is true if all posts are from X and no id is from before the day.
        """
        low, high = map(snowflake, self.day_bounds(day))
        statement = self._statements.select("source, post_id", f"WHERE {_PARTITION} LIMIT 1")
        answers = self._ask((statement, (self._topic.topic, day, bucket)) for bucket in range(self.buckets))
        lowest = [key_of(row) for answer in answers for row in answer]
        return low != "0" and len(low) == len(high) and all(key >= (X, low) for key in lowest)

    def whole(self, day: date) -> list[Row]:
        """Returns all posts of a day that match the search, found with the index."""
        statement = self._in_partition(MANY_ROWS)
        answers = self._ask((statement, self._values(day, bucket)) for bucket in range(self.buckets))
        return self.kept(row for answer in answers for row in answer)

    def inside(self, day: date, low: datetime, high: datetime) -> list[Row]:
        """Returns the matching posts of a day whose ids have times in [low, high), found with the index."""
        statement = self._in_partition(MANY_ROWS, "AND (source, post_id) >= (?, ?) AND (source, post_id) < (?, ?)")
        bounds = (X, snowflake(low), X, snowflake(high))
        answers = self._ask((statement, self._values(day, bucket, bounds)) for bucket in range(self.buckets))
        return self.kept(row for answer in answers for row in answer)

    def last(self, day: date, before: Mapping[int, Key], count: int) -> dict[int, list[Row]]:
        """Returns for each bucket in `before` up to `count` posts before its key, last first.

        They need not match the search.
        """
        below = "AND (source, post_id) < (?, ?) ORDER BY source DESC, post_id DESC"
        columns = f"{', '.join(COLUMNS)}, folded"
        statement = self._statements.select(columns, f"WHERE {_PARTITION} {below} LIMIT {count}")
        answers = self._ask((statement, (self._topic.topic, day, bucket, *key)) for bucket, key in before.items())
        return dict(zip(before, (answer.all() for answer in answers), strict=True))

    def anywhere(self) -> list[tuple[date, Row]] | None:
        """Returns all matching posts with their days.

        Returns None if the index has ANYWHERE or more matching posts, all topics together.
        """
        where = " AND ".join(self._index_conditions())
        statement = self._statements.select(f"{self._columns}, topic, day", f"WHERE {where} LIMIT {ANYWHERE}")
        rows = self._session.execute(statement, self._index_values()).all()
        if len(rows) >= ANYWHERE:
            return None
        kind = self._query.kind
        ours = [row for row in rows if row.topic == self._topic.topic and kind in (None, row.kind)]
        return [(row.day.date(), row) for row in self.kept(ours)]

    def kept(self, rows: Iterable[Row]) -> list[Row]:
        """Returns the rows that lie inside the window and contain the query's phrases."""
        holds = self._query.holds if self._query.phrases else None
        return [
            row
            for row in rows
            if row.event_at is not None
            and self.span.holds(row.event_at.replace(tzinfo=UTC))
            and (holds is None or holds(row.folded))
        ]

    def asked_for(self, row: Row) -> bool:
        """Returns whether a post that was read without the index has the query's words, hashtags, author and kind."""
        query = self._query
        if query.author not in (None, row.author) or query.kind not in (None, row.kind):
            return False
        words = words_of(row.folded or "") | {f"#{tag}" for tag in row.hashtags or ()}
        return words.issuperset(query.terms)

    def _ask(self, requests: Iterable[tuple[PreparedStatement, tuple[object, ...]]]) -> Iterator[ResultSet]:
        """Yields the answers in the order of the requests, with a limited number of requests in flight."""
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
    """Returns the smallest X id of an instant, as text."""
    return str(x_id_at(at))


def key_of(row: Row) -> Key:
    """Returns the clustering key of a row: source and post id."""
    return row.source, row.post_id
