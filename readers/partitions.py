"""Reads one part and period of a bulk table as a whole: all rows of one run, or none.

The run is named by a pointer in `published` or by a row of graph_summary. The rows of a run are not deleted while one
of the two names the run. So if the run is still named after the read, all its rows were read.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.partitions import spread
from conf.schema import Table, bound
from conf.topic import Topic
from stores.execute import in_flight
from stores.layout import buckets_of_run
from stores.prepare import prepared
from stores.published import Period, Pointers

T = TypeVar("T")
IN_FLIGHT, PAGE = 8, 5000
TOGETHER = 16
"""Partitions asked for by one request. A month has 240 of them, most with a few rows or none, and a request costs more
than such a partition."""
TRIES = 5
"""The greatest number of reads of a result, if later runs replace it during each read."""


class Replaced(PulsoError):
    """A later run has replaced the rows while they were being read, so some may be missing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was replaced by a later run while it was being read", "Run the command again")


def rows_of_run(
    session: Session,
    keyspace: str,
    table: Table,
    topic: Topic,
    period: Period,
    run_id: UUID,
    columns: Sequence[str] = (),
    *,
    most: int = IN_FLIGHT,
    page: int = PAGE,
) -> Iterator[Any]:
    """Yields a run's rows of one part and period, one partition after the other.

    Without `columns`, the rows have all columns.

    At most `most` requests are under way, each for TOGETHER partitions, in pages of `page` rows; one page of each is in
    memory. The order of the rows is the same in each read. The caller must check afterwards that the run is still
    named.
    """
    buckets = buckets_of_run(session, keyspace, table, topic, run_id)
    partitions = list(spread(table, buckets, *period[1:]))
    (by,) = partitions[0]
    others = [name for name in table.partition if name != by]
    names = ", ".join(columns or table.columns)
    query = f"SELECT {names} FROM {keyspace}.{table.name} WHERE {bound(others)} AND {by} IN ?"
    statement = prepared(session, query)
    known = {
        **{"topic": topic.topic, table.part: period.part, "period": period.period},
        **{"period_start": period.start, "period_end": period.end, "run_id": run_id},
    }
    key = [known[name] for name in others]

    def send(first: int) -> Any:
        asked = statement.bind([*key, [one[by] for one in partitions[first : first + TOGETHER]]])
        asked.fetch_size = page
        return session.execute_async(asked)

    for _, future in in_flight(range(0, len(partitions), TOGETHER), send, most):
        yield from future.result()


def published_rows(
    session: Session, keyspace: str, table: Table, topic: Topic, period: Period, columns: Sequence[str] = ()
) -> list[Any]:
    """Returns the rows of the run that `published` names for a part and period; an empty list if it names no run.

    Raises Replaced if later runs replaced the rows during each of TRIES reads.
    """
    pointers = Pointers(session, keyspace, table, topic.topic)

    def read() -> list[Any]:
        run_id = pointers.run_of(period)
        if run_id is None:
            return []
        rows = list(rows_of_run(session, keyspace, table, topic, period, run_id, columns))
        if pointers.run_of(period) != run_id:
            raise Replaced(f"{table.name} of {topic.topic}")
        return rows

    return whole(read)


def whole(read: Callable[[], T], pause: float = 0.0) -> T:
    """Calls `read` and returns its result; calls it again, after `pause` seconds, if it raises Replaced.

    Raises Replaced if all of TRIES calls raise it.
    """
    for attempt in range(TRIES):
        try:
            return read()
        except Replaced:
            if attempt + 1 == TRIES:
                raise
            time.sleep(pause)
    raise AssertionError
