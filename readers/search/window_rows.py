"""All posts of a window, day after day, whether an index knows them or not; memory does not depend on their number."""

from collections.abc import Callable, Iterator
from datetime import date

from conf.schema import bound
from conf.tables import POSTS
from conf.topic import Topic
from readers.search.post_reads import Place, PostReads, Row, Span
from readers.search.query import Query
from readers.search.statements import Statements
from stores.execute import in_flight

READS = 8
"""Partitions that are read ahead; of each, one page is in memory."""
PAGE = 1000
ALL = Query()


def window_rows(
    statements: Statements,
    topic: Topic,
    span: Span,
    columns: str,
    on_day: Callable[[int, int], None],
    query: Query = ALL,
) -> Iterator[tuple[Place, Row]]:
    """Yields the posts of a window with their partitions: by day, bucket, network and id.

    `columns` are those of the rows, as CQL; with a `query`, they must have the columns that it looks at. `on_day` is
    called after each day with the number of finished days and of all days. Raises the driver's errors.
    """
    reads = PostReads(statements, topic, query, span)
    days = [day for day in sorted(reads.stored_days()()) if _touches(day, reads)]
    statement = statements.select(columns, f"WHERE {bound(POSTS.partition)}", PAGE)
    buckets = dict(zip(days, reads.buckets_of(*days), strict=True))
    asked = ((day, bucket) for day in days for bucket in buckets[day])
    done = 0
    send = lambda place: statements.session.execute_async(statement, (topic.topic, *place))  # noqa: E731
    for place, future in in_flight(asked, send, READS):
        for row in future.result():
            if reads.is_inside(row) and (query is ALL or reads.asked_for(row)):
                yield place, row
        if place[1] == buckets[place[0]][-1]:
            done += 1
            on_day(done, len(days))


def _touches(day: date, reads: PostReads) -> bool:
    begin, end = reads.day_bounds(day)
    return (reads.span.end is None or begin < reads.span.end) and (reads.span.start is None or end > reads.span.start)
