"""Posts by word, phrase, hashtag, author and kind, newest first, as pages that are read while they are asked for.

How it is read: `words` and `author` are indexed, but Cassandra gives what an index finds in the order of the
partitions, not of time. So days are read from the newest, all buckets of a day side by side. X's posts stand in a
partition by time, so the newest day's last posts are read first: they answer a word that is everywhere, and tell how
far back the index must be asked for another. Once the days read so far say that there are few posts, the index is
asked for all of them, up to a few hundred: that answers rare words whatever the window. Otherwise days are read several
at a time, twice as many with each step.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, timedelta
from typing import Any

import pandas as pd
from cassandra import OperationTimedOut, RequestExecutionException
from cassandra.cluster import NoHostAvailable, Session
from cassandra.connection import ConnectionException

from conf.errors import StoreDown, WrongUse
from conf.tables import POSTS
from conf.topic import Topic
from readers.search.post_reads import (
    ANYWHERE,
    COLUMNS,
    IN_FLIGHT,
    Key,
    PostReads,
    Row,
    Span,
    Statements,
    X,
    key_of,
    snowflake,
)
from readers.search.query import Query, parse_query
from stores.layout import check_layout

PAGE_ROWS = 1000
LISTED_DAYS = 92
"""Days of a window up to which each is asked for; of a longer one, or an open one, those are that hold posts."""
LAST_ROWS = 256
"""Posts that are read from the end of the newest day, over all buckets, whatever they hold."""
ENOUGH = 120
"""Hits that the second look at the newest day is made to bring: a first page and half of it again."""
ID_PRECISION = timedelta(seconds=1)
"""X tells when a post was made in whole seconds, its id in milliseconds."""
DAY = timedelta(days=1)
FAILURES = (NoHostAvailable, OperationTimedOut, RequestExecutionException, ConnectionException)


class PostSearch:
    """Searches in one topic on one session; what it prepares is kept, so the second search is quicker than the first.

    Raises WrongUse for a topic file against what is stored, PulsoError where the tables are not there.
    """

    def __init__(self, session: Session, keyspace: str, topic: Topic) -> None:
        self._statements, self._topic = Statements(session, keyspace), topic
        self._statements.check()
        check_layout(session, keyspace, topic)

    def pages(
        self,
        query: Query | str,
        span: Span = Span(),  # noqa: B008  # frozen
        limit: int | None = None,
        on_day: Callable[[int, int], None] = lambda _done, _days: None,
    ) -> Iterator[pd.DataFrame]:
        """Yields the posts of a query, newest first, in pages of at most 1,000 rows, each read when it is asked for.

        The columns are COLUMNS, as `posts` declares them: `event_at` is UTC-aware, lists are lists of text, and what is
        unknown is missing. Posts of the same millisecond stand by source and post id. `span` is half-open over
        `event_at`. `on_day` hears how many of how many days are done. Memory is bounded by one day of the topic.

        Raises WrongUse for a query that asks for nothing and for an empty window, StoreDown when Cassandra does not
        answer.
        """
        asked = parse_query(query) if isinstance(query, str) else query
        if span.start and span.end and span.start >= span.end:
            raise WrongUse(f"--from {span.start:%Y-%m-%dT%H:%MZ} is not before --to", "It is half-open: [from, to)")
        return _cut(_found(PostReads(self._statements, self._topic, asked, span), on_day), limit)


def search_posts(
    session: Session,
    keyspace: str,
    topic: Topic,
    query: Query | str,
    span: Span = Span(),  # noqa: B008  # frozen
    limit: int | None = None,
) -> Iterator[pd.DataFrame]:
    """One search, as PostSearch gives it: `posts_frame(search_posts(session, keyspace, topic, "grace poe"))`."""
    return PostSearch(session, keyspace, topic).pages(query, span, limit)


def posts_frame(pages: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """All pages as one frame, with the same columns where there is no page."""
    held = list(pages)
    return pd.concat(held, ignore_index=True) if held else _frame([])


def _cut(portions: Iterator[list[Row]], limit: int | None) -> Iterator[pd.DataFrame]:
    left = limit
    try:
        for rows in portions:
            for start in range(0, len(rows), PAGE_ROWS):
                page = rows[start : start + PAGE_ROWS][:left]
                yield _frame(page)
                left = None if left is None else left - len(page)
                if left == 0:
                    return
    except FAILURES as error:
        reason = " ".join(str(error).split())[:160]
        fix = "Look at `make status`, or ask for less: a narrower --from and --to"
        raise StoreDown(f"Cassandra did not answer the search ({reason})", fix) from None


def _found(reads: PostReads, on_day: Callable[[int, int], None]) -> Iterator[list[Row]]:
    """Posts in portions, each newest first and newer than the next."""
    days, asked_anywhere = _listed_days(reads.span, reads), False
    if days is None:
        stored = reads.stored_days()
        rare = reads.anywhere() if reads.indexed else None
        if rare is not None:
            yield _newest_first(row for _, row in rare)
            return
        days, asked_anywhere = _inside(reads, stored()), True
    done, found, together, given = 0, 0, 1, set[Key]()
    for rows in _from_the_end(reads, days[0]) if days else ():
        given.update(map(key_of, rows))
        yield rows
    while done < len(days):
        for first in reads.first(days[done : done + together]):
            rows = first.rows if first.complete else reads.whole(first.day)
            yield _newest_first(row for row in rows if key_of(row) not in given)
            done, found = done + 1, found + len(rows)
            on_day(done, len(days))
        left = days[done:]
        if not asked_anywhere and reads.indexed and _few_are_left(found, done, len(left), reads.buckets):
            asked_anywhere = True
            rare = reads.anywhere()
            if rare is not None:
                yield _newest_first(row for day, row in rare if day in left)
                return
        together = min(2 * together, max(1, 2 * IN_FLIGHT // reads.buckets))


def _few_are_left(found: int, done: int, left: int, buckets: int) -> bool:
    """Whether so many days are left that it pays to ask for all their posts at once, and these are few, to judge by the
    days that are done."""
    return left * buckets > IN_FLIGHT and found * left < ANYWHERE * done


def _from_the_end(reads: PostReads, day: date) -> Iterator[list[Row]]:
    """Of the newest day, where ids tell the time: its last posts, then those before them for about as many hits as
    make a first page.

    The last posts are read without the index, whatever they hold: that is quick, answers a word that is everywhere, and
    tells how far back the index must be asked for another. The rest of the day is for others to give. A post whose id
    tells another time than its `event_at` comes late, but comes.
    """
    if not reads.ids_tell_time(day):
        return
    start, end = reads.day_bounds(day)
    count = max(8, LAST_ROWS // reads.buckets)
    before = (X, snowflake(min(end, reads.span.end or end)))
    last = reads.last(day, dict.fromkeys(range(reads.buckets), before), count)
    read = [row for rows in last.values() for row in rows]
    found = [row for row in reads.kept(read) if reads.asked_for(row)]
    # Down to this time all buckets were read; ids are finer than times, so more of the very time may follow.
    reached = max((rows[-1].event_at for rows in last.values() if len(rows) == count), default=None)
    yield _newest_first(row for row in found if reached is None or row.event_at > reached)
    if reached is None or not found:
        return
    spent = min(max(row.event_at for row in read) - reached, DAY)
    low = max(start.replace(tzinfo=None), reached - spent * (ENOUGH / len(found)))
    earlier = reads.inside(day, low.replace(tzinfo=UTC), reached.replace(tzinfo=UTC) + ID_PRECISION)
    yield _newest_first(row for row in earlier if low <= row.event_at <= reached)


def _listed_days(span: Span, reads: PostReads) -> list[date] | None:
    """The days of a window, newest first; None where it is open or long."""
    if span.start is None or span.end is None or span.end - span.start > LISTED_DAYS * DAY:
        return None
    first, last = reads.day_of(span.start), reads.day_of(span.end - timedelta(microseconds=1))
    return [last - number * DAY for number in range((last - first).days + 1)]


def _inside(reads: PostReads, days: list[date]) -> list[date]:
    first = reads.day_of(reads.span.start) if reads.span.start else date.min
    last = reads.day_of(reads.span.end) if reads.span.end else date.max
    return [day for day in days if first <= day <= last]


def _newest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.event_at, row.source, row.post_id), reverse=True)


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows as a frame of COLUMNS, typed alike whatever they hold."""
    values = zip(*(row[: len(COLUMNS)] for row in rows), strict=True) if rows else ([] for _ in COLUMNS)
    return pd.DataFrame(
        {name: _array(POSTS.columns[name].cql, list(of)) for name, of in zip(COLUMNS, values, strict=True)}
    )


def _array(cql: str, values: list[Any]) -> Any:
    """A column's values in the type that its CQL type means in pandas."""
    if cql == "timestamp":
        return pd.DatetimeIndex(values, dtype="datetime64[ms]").tz_localize("UTC")
    return pd.array(values, dtype=_TYPES[cql]) if cql in _TYPES else pd.Series(values, dtype="object")


_TYPES = {"text": "string", "bigint": "Int64", "double": "Float64", "boolean": "boolean"}
