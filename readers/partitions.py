"""Reads a period of a table that is spread over several partitions (`bucket`), whole: all of one run, or not at all."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cassandra.cluster import ResponseFuture, Session

from conf.buckets import period_buckets
from conf.errors import PulsoError
from conf.schema import Table, bound
from conf.topic import Topic
from stores.prepare import prepared

IN_FLIGHT, PAGE = 64, 5000
TRIES, PAUSE = 10, 1.0
"""A run that is being published is waited for: its partitions are swapped one by one, within seconds."""


def partitions(topic: Topic, table: Table, period: str, start: datetime, end: datetime) -> int:
    """How many partitions the period has."""
    return period_buckets(topic, period, start, end) if "bucket" in table.partition else 1


def rows_of_period(
    session: Session,
    keyspace: str,
    table: Table,
    topic: Topic,
    key: Mapping[str, object],
    columns: Sequence[str] = (),
    in_flight: int = IN_FLIGHT,
    page: int = PAGE,
) -> Iterator[Any]:
    """The rows of one period, partition by partition, as they stand. `key` gives every column of the partition but
    topic and bucket. `run_id` is always among the columns. Memory holds a page of each partition in flight. Read again,
    the rows of the same run come in the same order."""
    names = ", ".join(dict.fromkeys((*(columns or table.columns), "run_id")))
    statement = prepared(session, f"SELECT {names} FROM {keyspace}.{table.name} WHERE {bound(table.partition)}")
    start, end = key["period_start"], key["period_end"]
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    flying: deque[ResponseFuture] = deque()
    for bucket in range(partitions(topic, table, str(key["period"]), start, end)):
        if len(flying) >= in_flight:
            yield from flying.popleft().result()
        values = {"topic": topic.topic, "bucket": bucket, **key}
        asked = statement.bind([values[name] for name in table.partition])
        asked.fetch_size = page
        flying.append(session.execute_async(asked))
    while flying:
        yield from flying.popleft().result()


def whole_period(
    read: Callable[[], Iterator[Any]], what: str, run_id: object = None, sleep: Callable[[float], None] = time.sleep
) -> list[Any]:
    """The rows that `read` gives, once all of them come from one run (`run_id`, where it is known).

    Raises PulsoError when they still do not after ten tries: a run that ended in the middle of publishing.
    """
    for attempt in range(TRIES):
        rows = list(read())
        runs = {row.run_id for row in rows}
        if len(runs) <= 1 and (run_id is None or runs <= {run_id}):
            return rows
        if attempt + 1 < TRIES:
            sleep(PAUSE)
    raise PulsoError(f"{what} stands between two runs of its job", "Run the job over that window again")
