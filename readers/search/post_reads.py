"""The queries of one search: by index in one day's partitions, by index in all partitions, and for the days with posts.

Words have an index in `post_words`, authors in `posts`. A search for words first asks `post_words` for the keys of the
posts that hold them, and then reads these posts from `posts` by their keys. A search that also names an author asks for
that author's posts instead, which are fewer. Every post that an index found is checked against the search: it may have
been deleted or replaced since.

Cassandra does not allow IN on a partition key together with an index. So a day needs one request per bucket; a limited
number of requests run at the same time. Within a partition, rows are ordered by (source, post_id), and an X id contains
the post's time. So if a partition is read from its end, the last posts of the day come first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from cassandra.cluster import ResultSet
from cassandra.query import PreparedStatement

from conf.folding import search_words
from conf.schema import Table, bound
from conf.snowflakes import x_id_at
from conf.tables import MATCHED, POST_WORDS, POSTS
from conf.topic import Topic
from readers.search.query import Query
from readers.search.statements import COLUMNS, Statements
from stores.execute import in_flight

Row = Any
"""A row from the driver: a named tuple of COLUMNS, then the columns that the search itself needs."""
Key = tuple[str, str]
"""The place of a row in its partition: source and post id."""
Place = tuple[date, int]
"""A partition of the topic: day and bucket."""
Found = tuple[Place, Iterable[Row]]
"""A partition, and rows of it: posts, or only their keys."""
IN_FLIGHT = 32
FIRST_ROWS = 160
"""The number of posts that the first requests of a day read, all buckets together.

A greater number would be useless for a frequent word.
"""
MANY_ROWS = 2000
BY_KEY = 100
"""The number of posts that one request reads by their keys."""
ANYWHERE = 300
"""If the index has fewer posts than this for a search, one query reads them all, from all days."""
X = "x"
_PARTITION = bound(POSTS.partition)
_KEY = ", ".join(POSTS.key)


@dataclass(frozen=True)
class First:
    """All matching posts of a day, if the first page of each partition's index has them all; else `rows` is None."""

    day: date
    rows: list[Row] | None


@dataclass(frozen=True)
class Span:
    """A half-open window of event times, UTC. None means no limit on that side."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Returns whether an instant lies in the window."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


class PostReads:
    """The queries of one search in one topic. Every method raises the driver's errors.

    `wordless` has the days inside the window of which words are asked for, but not stored.
    `columns` are those of the rows; a search itself looks at some of them, and at those of MATCHED, which come last.
    """

    def __init__(
        self, statements: Statements, topic: Topic, query: Query, span: Span, columns: Sequence[str] = COLUMNS
    ) -> None:
        self._session, self._statements = statements.session, statements
        self._topic, self._query, self.span = topic, query, span
        self._columns = ", ".join([*columns, *MATCHED.values()] if query.phrases or query.terms else columns)
        self.wordless = self._wordless_inside() if query.terms else []
        self._by_words = bool(query.terms) and not query.author and not self.wordless
        self._first_rows = max(16, FIRST_ROWS // topic.buckets)
        self._buckets: dict[date, int] = {}

    @property
    def indexed(self) -> bool:
        """Whether an index can be used.

        For a search without words, hashtags and author, whole days are read; and for words in a window with days of
        which no words are stored.
        """
        return bool(self._by_words or self._query.author)

    @property
    def buckets(self) -> int:
        """The partitions per day, of days that are stored from now on; older ones may have more or fewer."""
        return self._topic.buckets

    def buckets_of(self, *days: date) -> list[range]:
        """Returns the buckets of each of some days. One search asks Cassandra at most once for each."""
        if missing := [day for day in days if day not in self._buckets]:
            self._buckets |= self._statements.days.of(self._topic.topic, missing, self._topic.buckets)
        return [range(self._buckets[day]) for day in days]

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that may touch the window."""
        first = self.day_of(self.span.start) if self.span.start else date.min
        return first, self.day_of(self.span.end) if self.span.end else date.max

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
        """Yields, for each day in order, the posts that the first pages of the index return."""
        pages, unfinished = dict[Place, list[Row]](), set[date]()
        for place, answer in self._answers(self._in_partition(self._first_rows), self._places(days)):
            pages[place] = answer.current_rows
            if answer.has_more_pages:
                unfinished.add(place[0])
        found: dict[date, list[Row]] = {day: [] for day in days}
        for (day, _), rows in self._posts((place, rows) for place, rows in pages.items() if place[0] not in unfinished):
            found[day] += rows
        for day in days:
            yield First(day, None if day in unfinished else self.kept(found[day]))

    def ids_tell_time(self, day: date) -> bool:
        """Returns whether the posts of a day are stored in the order of their times.

        This is true if all posts are from X and no id is from before the day.
        """
        low, high = map(snowflake, self.day_bounds(day))
        statement = self._statements.select("source, post_id", f"WHERE {_PARTITION} LIMIT 1")
        answers = self._ask((statement, (self._topic.topic, *place)) for place in self._places([day]))
        lowest = [key_of(row) for answer in answers for row in answer]
        return low != "0" and len(low) == len(high) and all(key >= (X, low) for key in lowest)

    def whole(self, day: date) -> list[Row]:
        """Returns all posts of a day that match the search, found with the index."""
        return self._all(self._answers(self._in_partition(MANY_ROWS), self._places([day])))

    def inside(self, day: date, low: datetime, high: datetime) -> list[Row]:
        """Returns the matching posts of a day whose ids have times in [low, high), found with the index."""
        statement = self._in_partition(MANY_ROWS, "AND (source, post_id) >= (?, ?) AND (source, post_id) < (?, ?)")
        bounds = (X, snowflake(low), X, snowflake(high))
        return self._all(self._answers(statement, self._places([day]), bounds))

    def last(self, day: date, before: Mapping[int, Key], count: int) -> dict[int, list[Row]]:
        """Returns for each bucket in `before` up to `count` posts before its key, last first.

        They need not match the search.
        """
        below = "AND (source, post_id) < (?, ?) ORDER BY source DESC, post_id DESC"
        statement = self._statements.select(self._columns, f"WHERE {_PARTITION} {below} LIMIT {count}")
        answers = self._ask((statement, (self._topic.topic, day, bucket, *key)) for bucket, key in before.items())
        return dict(zip(before, (answer.all() for answer in answers), strict=True))

    def anywhere(self) -> list[tuple[date, Row]] | None:
        """Returns all matching posts with their days.

        Returns None if each index that the search can use has ANYWHERE or more posts, all topics together.
        """
        query = self._query
        indexes: list[tuple[Table, str, tuple[str, ...]]] = []
        if query.author:
            indexes.append((POSTS, "author = ?", (query.author,)))
        if query.terms and not self.wordless:
            indexes.append((POST_WORDS, _all_of(query.terms), query.terms))
        for table, condition, values in indexes:
            statement = self._statements.select(_KEY, f"WHERE {condition} LIMIT {ANYWHERE}", table=table)
            keys = self._session.execute(statement, values).all()
            if len(keys) < ANYWHERE:
                parts = defaultdict[Place, list[Row]](list)
                for key in keys:
                    if key.topic == self._topic.topic:
                        parts[key.day.date(), key.bucket].append(key)
                return [(day, row) for (day, _), rows in self._by_key(parts.items()) for row in self.kept(rows)]
        return None

    def kept(self, rows: Iterable[Row]) -> list[Row]:
        """Returns the rows that lie inside the window and match the search."""
        return [row for row in rows if self.is_inside(row) and self.asked_for(row)]

    def is_inside(self, row: Row) -> bool:
        """Returns whether a post lies inside the window."""
        return row.event_at is not None and self.span.holds(row.event_at.replace(tzinfo=UTC))

    def asked_for(self, row: Row) -> bool:
        """Returns whether a post has the query's words, hashtags, phrases, author and kind."""
        query = self._query
        if query.author not in (None, row.author) or query.kind not in (None, row.kind):
            return False
        if not (query.terms or query.phrases):
            return True
        folded = [getattr(row, name) for name in MATCHED.values()]
        return search_words(folded, row.hashtags).issuperset(query.terms) and query.holds(*folded)

    def _wordless_inside(self) -> list[date]:
        """Returns the days that touch the window and have posts without words, oldest first."""
        first, last = self.days
        return sorted(day for day in self._statements.wordless(self._topic.topic) if first <= day <= last)

    def _all(self, answers: Iterable[Found]) -> list[Row]:
        return self.kept(row for _, rows in self._posts(answers) for row in rows)

    def _places(self, days: Sequence[date]) -> list[Place]:
        return [(day, bucket) for day, buckets in zip(days, self.buckets_of(*days), strict=True) for bucket in buckets]

    def _in_partition(self, fetch_size: int, slice_: str = "") -> PreparedStatement:
        """Returns the query that finds posts in one partition: their keys by words, or else the posts themselves."""
        query = self._query
        if self._by_words:
            where = f"WHERE {_PARTITION} AND {_all_of(query.terms)} {slice_}"
            return self._statements.select("source, post_id", where, fetch_size, POST_WORDS)
        author = " AND author = ?" if query.author else ""
        kind = " AND kind = ? ALLOW FILTERING" if query.kind else ""
        return self._statements.select(self._columns, f"WHERE {_PARTITION}{author} {slice_}{kind}", fetch_size)

    def _values(self, place: Place, bounds: tuple[str, ...]) -> tuple[object, ...]:
        """Returns the values of such a query."""
        query = self._query
        if self._by_words:
            return (self._topic.topic, *place, *query.terms, *bounds)
        return (self._topic.topic, *place, *filter(None, (query.author,)), *bounds, *filter(None, (query.kind,)))

    def _answers(
        self, statement: PreparedStatement, places: Sequence[Place], bounds: tuple[str, ...] = ()
    ) -> Iterator[tuple[Place, ResultSet]]:
        """Yields each partition with the answer to such a query, in order."""
        answers = self._ask((statement, self._values(place, bounds)) for place in places)
        return zip(places, answers, strict=True)

    def _posts(self, found: Iterable[Found]) -> Iterator[Found]:
        """Yields the posts of what such queries found."""
        return self._by_key(found) if self._by_words else iter(found)

    def _by_key(self, found: Iterable[Found]) -> Iterator[Found]:
        """Reads posts by their keys; those that are gone are left out. A partition with many of them comes in parts."""
        statement = self._statements.select(self._columns, f"WHERE {_PARTITION} AND (source, post_id) IN ?")
        chunks = ((place, some) for place, rows in found for some in _chunks(map(key_of, rows), BY_KEY))
        send = lambda chunk: self._session.execute_async(statement, (self._topic.topic, *chunk[0], chunk[1]))  # noqa: E731
        for (place, _), future in in_flight(chunks, send, IN_FLIGHT):
            yield place, future.result()

    def _ask(self, requests: Iterable[tuple[PreparedStatement, tuple[object, ...]]]) -> Iterator[ResultSet]:
        """Yields the answers in the order of the requests, with a limited number of requests in flight."""
        for _, future in in_flight(requests, lambda request: self._session.execute_async(*request), IN_FLIGHT):
            yield future.result()


def _all_of(terms: Sequence[str]) -> str:
    return " AND ".join("words CONTAINS ?" for _ in terms)


def _chunks(keys: Iterator[Key], size: int) -> Iterator[list[Key]]:
    while chunk := list(islice(keys, size)):
        yield chunk


def snowflake(at: datetime) -> str:
    """Returns the smallest X id of an instant, as text."""
    return str(x_id_at(at))


def key_of(row: Row) -> Key:
    """Returns the clustering key of a row: source and post id."""
    return row.source, row.post_id
