"""Reads the published conversations by window or day."""

from datetime import datetime

import pandas as pd
from cassandra.cluster import Session

from conf.tables import CONVERSATIONS
from conf.topic import Topic
from readers.options import PUBLIC_FROM
from readers.periods import not_published, read_periods
from readers.private import without_names

NAMING = ("root",)
"""The columns beside the author that lead to the author."""


def read_conversations(
    session: Session,
    keyspace: str,
    topic: Topic,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
    min_followers: int = PUBLIC_FROM,
) -> pd.DataFrame:
    """Returns the rows of `conversations`, by period and rank.

    Without `start` and `end`, the period `window` returns only the window that was computed last; `day` returns all
    days. `start` and `end` limit `period_start` (half-open). Authors with fewer than `min_followers` followers are not
    named; then `root` is null, too, since it leads to them. Raises PulsoError when nothing was published.
    """
    partition = {"topic": topic.topic, "period": period}
    frame = read_periods(session, keyspace, CONVERSATIONS, partition, start, end)
    if frame.empty:
        raise not_published(f"conversation of {topic.topic} by {period}", CONVERSATIONS, topic.topic)
    shown = without_names(session, keyspace, topic, frame, min_followers, NAMING)
    return shown.sort_values(["period_start", "period_end", "rank"]).reset_index(drop=True)
