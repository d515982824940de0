"""Reads a part and period of a bulk table, whole: all rows of one run, or none.

The reader names the run, by a pointer of `published` or by the row of a table that names it too (graph_summary). Rows
of a run stay as long as one of the two names it. So what was read is whole if its run is still named after the reading.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.partitions import spread
from conf.schema import Table, bound
from conf.topic import Topic
from stores.execute import in_flight
from stores.prepare import prepared
from stores.published import Period, Pointers

T = TypeVar("T")
IN_FLIGHT, PAGE = 64, 5000
TRIES = 5
"""How often a result is read anew when a later run replaces it while it is being read."""


class Replaced(PulsoError):
    """A later run has replaced what was being read, so that it may lack rows."""

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
    """The rows that a run has of one part and period, partition by partition; all columns unless some are named.

    Memory holds a page of each of the `most` partitions in flight. Read again, the rows come in the same order. The
    caller makes sure that the run is still named afterwards.
    """
    names = ", ".join(columns or table.columns)
    statement = prepared(session, f"SELECT {names} FROM {keyspace}.{table.name} WHERE {bound(table.partition)}")
    known = {
        **{"topic": topic.topic, table.part: period.part, "period": period.period},
        **{"period_start": period.start, "period_end": period.end, "run_id": run_id},
    }

    def send(spread_: Any) -> Any:
        values = {**known, **spread_}
        asked = statement.bind([values[name] for name in table.partition])
        asked.fetch_size = page
        return session.execute_async(asked)

    for _, future in in_flight(spread(table, topic, *period[1:]), send, most):
        yield from future.result()


def published_rows(
    session: Session, keyspace: str, table: Table, topic: Topic, period: Period, columns: Sequence[str] = ()
) -> list[Any]:
    """The rows of the run that `published` names for a part and period; none where it names no run.

    Raises Replaced when later runs replaced them five times running while they were being read.
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


def whole(read: Callable[[], T]) -> T:
    """What `read` returns, once it has not been replaced meanwhile. Raises Replaced when it was, five times running."""
    for attempt in range(TRIES):
        try:
            return read()
        except Replaced:
            if attempt + 1 == TRIES:
                raise
    raise AssertionError
