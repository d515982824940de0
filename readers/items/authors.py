"""Reads the published activity of authors, by window, hour or day."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from cassandra.cluster import Session

from conf.partitions import bucket_of, period_buckets
from conf.schema import bound
from conf.tables import AUTHOR_ACTIVITY
from conf.topic import Topic
from readers.partitions import Replaced, published_rows
from readers.periods import not_published
from stores.execute import in_flight
from stores.layout import buckets_of_run
from stores.prepare import prepared
from stores.published import Period, Pointers, place_of

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
COLUMNS = [name for name in AUTHOR_ACTIVITY.columns if name != "bucket"]
TEXTS = ("topic", "period", "author", "label", "run_id")
TIMES = ("period_start", "period_end", "computed_at")


def read_authors(
    session: Session,
    keyspace: str,
    topic: Topic,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
) -> pd.DataFrame:
    """Returns the rows of `author_activity`, the author with the most posts first within each period.

    Without `start` and `end`, the period `window` returns only the window that was computed last; `hour` and `day`
    return all periods. `start` and `end` limit `period_start` (half-open). Raises PulsoError when nothing was
    published, and Replaced if later runs replaced a period during each of several reads.
    """
    pointers = Pointers(session, keyspace, AUTHOR_ACTIVITY, topic.topic)
    found = pointers.within("", period, start or FIRST, end or LAST)
    runs = {each: pointer.run_id for each, pointer in found.items() if pointer.run_id is not None}
    if not runs:
        raise not_published(f"activity of authors of {topic.topic} by {period}", AUTHOR_ACTIVITY, topic.topic)
    wanted = sorted(runs, key=lambda each: each.start)
    if period == "window" and start is None and end is None:
        wanted = [max(runs, key=lambda each: place_of(runs[each]))]
    rows = [row for each in wanted for row in _rows(session, keyspace, topic, each)]
    frame = pd.DataFrame(rows, columns=COLUMNS).astype({**dict.fromkeys(TEXTS, "string"), "followers": "Int64"})
    for name in TIMES:
        frame[name] = pd.to_datetime(frame[name], utc=True)
    order = ["period_start", "period_end", "posts", "author"]
    return frame.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def activity_of(session: Session, keyspace: str, topic: Topic, authors: Collection[str]) -> dict[str, Any]:
    """Returns the rows of `author_activity` of some accounts, in the window that was computed last.

    Accounts without a row are left out; without a published window, the result is empty. Raises Replaced if a later run
    replaced the rows meanwhile.
    """
    pointers = Pointers(session, keyspace, AUTHOR_ACTIVITY, topic.topic)
    found = pointers.within("", "window", FIRST, LAST)
    runs = {each: pointer.run_id for each, pointer in found.items() if pointer.run_id is not None}
    if not runs or not authors:
        return {}
    period = max(runs, key=lambda each: place_of(runs[each]))
    of_run = buckets_of_run(session, keyspace, AUTHOR_ACTIVITY, topic, runs[period])
    buckets = period_buckets(of_run, *period[1:])
    cql = f"SELECT {', '.join(COLUMNS)} FROM {keyspace}.{AUTHOR_ACTIVITY.name} WHERE {bound(AUTHOR_ACTIVITY.key)}"
    asked = prepared(session, cql)
    keys = [(topic.topic, *period[1:], runs[period], bucket_of(author, buckets), author) for author in authors]
    sent = in_flight(keys, lambda key: session.execute_async(asked, key))
    rows = [row for _, future in sent for row in future.result()]
    if pointers.run_of(period) != runs[period]:
        raise Replaced(f"{AUTHOR_ACTIVITY.name} of {topic.topic}")
    return {row.author: row for row in rows}


def _rows(session: Session, keyspace: str, topic: Topic, period: Period) -> list[tuple[object, ...]]:
    found = published_rows(session, keyspace, AUTHOR_ACTIVITY, topic, period, COLUMNS)
    return [tuple(row._replace(bot_flags=list(row.bot_flags or ()))) for row in found]
