"""Posts by word, phrase, hashtag, author and kind, newest first, as pages that are read while they are asked for.

How it is read: `words` and `author` are indexed, but Cassandra gives what an index finds in the order of the
partitions, not of time. So the newest day is read first, all its buckets side by side. A word that fills it goes on
from there, and on a busy day the day's end is read before its beginning. For any other word the index is asked once
for all its posts, up to a few hundred: that answers rare words whatever the window. In between, days are read several
at a time, twice as many with each step.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
from cassandra import OperationTimedOut, RequestExecutionException
from cassandra.cluster import NoHostAvailable, Session
from cassandra.connection import ConnectionException

from conf.errors import StoreDown, WrongUse
from conf.layout import check_layout
from conf.tables import POSTS
from conf.topic import Topic
from readers.post_reads import COLUMNS, IN_FLIGHT, First, Key, PostReads, Row, Span, Statements, X, key_of, snowflake
from readers.query import Query, parse_query

PAGE_ROWS = 1000
LISTED_DAYS = 92
"""Days of a window up to which each is asked for; of a longer one, or an open one, those are that hold posts."""
STEP_ROWS, STEPS = 256, 4
"""Posts of a busy day that are read from its end at first, and steps after which its index is asked."""
SHARE_TO_GO_ON = 0.03
"""The part of what is read from the end that must be asked for, lest the index be quicker."""
DAY = timedelta(days=1)
FAILURES = (NoHostAvailable, OperationTimedOut, RequestExecutionException, ConnectionException)


class PostSearch:
    """Searches in one topic on one session; what it prepares is kept, so the second search is quicker than the first.

    Raises WrongUse for a topic file against what is stored, PulsoError where the tables are not there.
    """

    def __init__(self, session: Session, keyspace: str, topic: Topic) -> None:
        check_layout(session, keyspace, topic)
        self._statements, self._topic = Statements(session, keyspace), topic

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
        mend = "Look at `make status`, or ask for less: a narrower --from and --to"
        raise StoreDown(f"Cassandra did not answer the search ({reason})", mend) from None


def _found(reads: PostReads, on_day: Callable[[int, int], None]) -> Iterator[list[Row]]:
    """Posts in portions, each newest first and newer than the next."""
    days, asked_anywhere = _listed_days(reads.span, reads), False
    if days is None:
        rare = reads.anywhere() if reads.indexed else None
        if rare is not None:
            yield _newest_first(row for _, row in rare)
            return
        days, asked_anywhere = _stored_days(reads), True
    done, together, busy = 0, 1, 0
    while done < len(days):
        batch = days[done : done + together]
        for first in reads.first(batch):
            if first.complete:
                yield _newest_first(first.rows)
            else:
                yield from _busy_day(reads, first, from_the_end=first.timed and not busy)
                busy += 1
            done += 1
            on_day(done, len(days))
        rest = len(days) - done
        if not asked_anywhere and reads.indexed and rest * reads.buckets > IN_FLIGHT:
            asked_anywhere = True
            rare = reads.anywhere()
            if rare is not None:
                left = set(days[done:])
                yield _newest_first(row for day, row in rare if day in left)
                return
        together = min(2 * together, max(1, 2 * IN_FLIGHT // reads.buckets))


def _busy_day(reads: PostReads, first: First, *, from_the_end: bool) -> Iterator[list[Row]]:
    """A day of more posts than were asked for first: by the index, or from its end as far as that leads.

    From the end no index is needed, so it is for the first page alone, where ids tell the time. A post whose id tells
    another time than its `event_at` comes late then, but comes.
    """
    given = set[Key]()
    if from_the_end:
        for rows in _from_the_end(reads, first.day):
            given.update(map(key_of, rows))
            yield rows
    yield _newest_first(row for row in reads.whole(first.day) if key_of(row) not in given)


def _from_the_end(reads: PostReads, day: date) -> Iterator[list[Row]]:
    """The last posts of a day, newest first, by a few steps back in all buckets; each reads twice what the last did."""
    end = min(reads.day_bounds(day)[1], reads.span.end or datetime.max.replace(tzinfo=UTC))
    before = dict.fromkeys(range(reads.buckets), (X, snowflake(end)))
    waiting, count = list[Row](), max(8, STEP_ROWS // reads.buckets)
    for _ in range(STEPS):
        last = reads.last(day, before, count)
        read = [row for rows in last.values() for row in rows]
        found = [row for row in reads.kept(read) if reads.asked_for(row)]
        before = {bucket: key_of(rows[-1]) for bucket, rows in last.items() if len(rows) == count}
        # Ids are finer than times: what is of the very time down to which a bucket was read may have a follower there.
        reached = max((last[bucket][-1].event_at for bucket in before), default=datetime.min)  # noqa: DTZ901  # as the driver's
        waiting = _newest_first([*waiting, *found])
        yield [row for row in waiting if row.event_at > reached]
        waiting = [row for row in waiting if row.event_at <= reached]
        if not before or len(found) < len(read) * SHARE_TO_GO_ON:
            return
        count *= 2


def _listed_days(span: Span, reads: PostReads) -> list[date] | None:
    """The days of a window, newest first; None where it is open or long."""
    if span.start is None or span.end is None or span.end - span.start > LISTED_DAYS * DAY:
        return None
    first, last = reads.day_of(span.start), reads.day_of(span.end - timedelta(microseconds=1))
    return [last - number * DAY for number in range((last - first).days + 1)]


def _stored_days(reads: PostReads) -> list[date]:
    first = reads.day_of(reads.span.start) if reads.span.start else date.min
    last = reads.day_of(reads.span.end) if reads.span.end else date.max
    return [day for day in reads.stored_days() if first <= day <= last]


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
