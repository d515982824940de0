"""Searches posts by word, phrase, hashtag, author and kind, newest first; each page is read when it is asked for.

Words and authors have an index (`readers/search/post_reads.py`), but Cassandra returns the posts that an index finds in
the order of partitions, not of time. So days are read one by one, from the newest to the oldest, all buckets of a day
at the same time. Within a partition, X's posts are ordered by time. So the last posts of the newest day are read first,
without the index. For a very frequent word they are already enough; for any other word they show how much time to read
with the index. When the days read so far show that few posts are left, one query reads them all, up to a few hundred.
This is fast for rare words, however long the window is. Otherwise several days are read together, twice as many in each
step.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, timedelta
from math import inf
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.tables import POSTS
from conf.topic import Topic
from readers.search.first_posts import SELECTED, Basis, FirstPosts, first_posts, is_same, read_changes
from readers.search.post_reads import (
    ANYWHERE,
    IN_FLIGHT,
    Key,
    PostReads,
    Row,
    Span,
    X,
    key_of,
    snowflake,
)
from readers.search.query import Query, parse_query
from readers.search.statements import COLUMNS, Statements
from stores.layout import check_layout
from stores.refused import silence_told

PAGE_ROWS = 1000
LISTED_DAYS = 92
"""In windows of up to this many days, all days are read.

For a longer or unlimited window, the days with posts are looked up first.
"""
LAST_ROWS = 256
"""The number of posts that are read from the end of the newest day, all buckets together, whether they match or not."""
ENOUGH = 120
"""The number of matches that the second read of the newest day should find: more than a first page needs."""
ID_PRECISION = timedelta(seconds=1)
"""X gives a post's time in whole seconds, but its id has milliseconds."""
DAY = timedelta(days=1)
FIX, NO_ANSWER = (
    "See `make status`, or search a shorter time with --from and --to",
    "Cassandra did not answer the search",
)


class PostSearch:
    """Searches in one topic on one session. It keeps prepared statements, so later searches are quicker than the first.

    Raises WrongUse if the topic file's time zone differs from the stored one, PulsoError if the tables do not exist, or
    `migrate` has not moved the words of all posts.
    """

    def __init__(self, session: Session, keyspace: str, topic: Topic) -> None:
        self._statements, self._topic = Statements(session, keyspace), topic
        self._statements.check()
        check_layout(session, keyspace, topic)

    def wordless(self, query: Query, span: Span) -> list[date]:
        """Returns the days of a window in which this search can't use the index of words, so that it takes longer."""
        return PostReads(self._statements, self._topic, query, span).wordless

    def pages(
        self,
        query: Query | str,
        span: Span = Span(),  # noqa: B008  # frozen
        limit: int | None = None,
        on_day: Callable[[int, int], None] = lambda _done, _days: None,
    ) -> Iterator[pd.DataFrame]:
        """Yields the posts of a search, newest first, in pages of up to 1,000 rows.

        A page is read when the caller asks for it.

        The columns are COLUMNS, as `posts` declares them: `event_at` has the time zone UTC, lists are lists of text,
        and unknown values are missing. Posts of the same millisecond are ordered by source and post id. `span` is a
        half-open window of `event_at`. `limit` is the greatest number of posts of all pages together. `on_day` is
        called with the number of finished days and the number of all days. At most one day of the topic is held in
        memory.

        Raises WrongUse for an empty query and for an empty window, StoreDown when Cassandra does not answer.
        """
        asked = parse_query(query) if isinstance(query, str) else query
        _check(span)
        return _cut(_found(PostReads(self._statements, self._topic, asked, span), on_day), limit)

    def first(self, query: Query, span: Span, most: int, patience: float = inf) -> FirstPosts:
        """Returns the newest posts of a search, at most `most`, and what they rest on. Raises as `pages` does.

        After `patience` seconds, no further day is searched.
        """
        _check(span)
        found, unread, until = list[Row](), 0, time.monotonic() + patience

        def on_day(done: int, days: int) -> None:
            nonlocal unread
            unread = max(0, days - done - 1)  # the next one is read already when this is looked at

        with silence_told(FIX, NO_ANSWER):
            reads = PostReads(self._statements, self._topic, query, span, SELECTED)
            changes = read_changes(self._statements, self._topic, reads.days)
            for rows in _found(reads, on_day):
                found += rows
                if len(found) > most or (unread and time.monotonic() > until):
                    break
                unread = 0
        return first_posts(found[: most + 1], most, reads.days, changes, unread if len(found) <= most else 0)

    def is_same(self, basis: Basis) -> bool:
        """Returns whether `first` would give the posts again that rest on this. Raises StoreDown."""
        with silence_told(FIX, NO_ANSWER):
            return is_same(self._statements, self._topic, basis)


def search_posts(
    session: Session,
    keyspace: str,
    topic: Topic,
    query: Query | str,
    span: Span = Span(),  # noqa: B008  # frozen
    limit: int | None = None,
) -> Iterator[pd.DataFrame]:
    """Yields the pages of one search, as PostSearch does.

    For example `posts_frame(search_posts(session, keyspace, topic, "grace poe"))`.
    """
    return PostSearch(session, keyspace, topic).pages(query, span, limit)


def posts_frame(pages: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Returns all pages as one frame; if there is no page, a frame with the usual columns and no rows."""
    held = list(pages)
    return pd.concat(held, ignore_index=True) if held else _frame([])


def _check(span: Span) -> None:
    if span.start and span.end and span.start >= span.end:
        raise WrongUse(f"--from {span.start:%Y-%m-%dT%H:%MZ} is not before --to", "A window is [from, to)")


def _cut(portions: Iterator[list[Row]], limit: int | None) -> Iterator[pd.DataFrame]:
    left = limit
    with silence_told(FIX, NO_ANSWER):
        for rows in portions:
            for start in range(0, len(rows), PAGE_ROWS):
                page = rows[start : start + PAGE_ROWS][:left]
                yield _frame(page)
                left = None if left is None else left - len(page)
                if left == 0:
                    return


def _found(reads: PostReads, on_day: Callable[[int, int], None]) -> Iterator[list[Row]]:
    """Yields posts in portions; each portion is newest first, and newer than the next one."""
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
            rows = reads.whole(first.day) if first.rows is None else first.rows
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
    """Returns whether it pays to ask for all posts of the days left at once, judged by the days that are done.

    It pays where many days are left and few posts are expected in them.
    """
    return left * buckets > IN_FLIGHT and found * left < ANYWHERE * done


def _from_the_end(reads: PostReads, day: date) -> Iterator[list[Row]]:
    """Yields posts of the newest day where its ids tell time: first its last posts, then enough before them for a page.

    The last posts are read without the index, whether they match or not. This is quick, answers a search for a very
    frequent word, and tells how far back to ask the index for any other word. The caller reads the rest of the day. A
    post whose id has another time than its `event_at` is found only then, but it is found.
    """
    if not reads.ids_tell_time(day):
        return
    start, end = reads.day_bounds(day)
    [buckets] = reads.buckets_of(day)
    count = max(8, LAST_ROWS // len(buckets))
    before = (X, snowflake(min(end, reads.span.end or end)))
    last = reads.last(day, dict.fromkeys(buckets, before), count)
    read = [row for rows in last.values() for row in rows]
    found = reads.kept(read)
    # All buckets were read down to this time. Ids are finer than times, so more posts of this very second may follow.
    reached = max((rows[-1].event_at for rows in last.values() if len(rows) == count), default=None)
    yield _newest_first(row for row in found if reached is None or row.event_at > reached)
    if reached is None or not found:
        return
    spent = min(max(row.event_at for row in read) - reached, DAY)
    low = max(start.replace(tzinfo=None), reached - spent * (ENOUGH / len(found)))
    earlier = reads.inside(day, low.replace(tzinfo=UTC), reached.replace(tzinfo=UTC) + ID_PRECISION)
    yield _newest_first(row for row in earlier if low <= row.event_at <= reached)


def _listed_days(span: Span, reads: PostReads) -> list[date] | None:
    """Returns the days of a window, newest first; None where the window is open or long."""
    if span.start is None or span.end is None or span.end - span.start > LISTED_DAYS * DAY:
        return None
    first, last = reads.day_of(span.start), reads.day_of(span.end - timedelta(microseconds=1))
    return [last - number * DAY for number in range((last - first).days + 1)]


def _inside(reads: PostReads, days: list[date]) -> list[date]:
    first, last = reads.days
    return [day for day in days if first <= day <= last]


def _newest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.event_at, row.source, row.post_id), reverse=True)


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Returns rows as a frame of COLUMNS, with the same types whatever the rows contain."""
    values = zip(*(row[: len(COLUMNS)] for row in rows), strict=True) if rows else ([] for _ in COLUMNS)
    return pd.DataFrame(
        {name: _array(POSTS.columns[name].cql, list(of)) for name, of in zip(COLUMNS, values, strict=True)}
    )


def _array(cql: str, values: list[Any]) -> Any:
    """Returns a column's values in the pandas type for its CQL type."""
    if cql == "timestamp":
        return pd.DatetimeIndex(values, dtype="datetime64[ms]").tz_localize("UTC")
    return pd.array(values, dtype=_TYPES[cql]) if cql in _TYPES else pd.Series(values, dtype="object")


_TYPES = {"text": "string", "bigint": "Int64", "double": "Float64", "boolean": "boolean"}
