"""Reads the published text families by window or day."""

from datetime import datetime

import pandas as pd
from cassandra.cluster import Session

from conf.tables import TEXT_FAMILIES
from conf.topic import Topic
from readers.periods import not_published, read_periods


def read_texts(
    session: Session,
    keyspace: str,
    topic: Topic,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
    min_authors: int = 2,
) -> pd.DataFrame:
    """Returns the rows of `text_families` with at least `min_authors` authors, by period and rank.

    Without `start` and `end`, the period `window` returns only the window that was computed last; `day` returns all
    days. `start` and `end` limit `period_start` (half-open). Raises PulsoError when nothing was published.
    """
    partition = {"topic": topic.topic, "period": period}
    frame = read_periods(session, keyspace, TEXT_FAMILIES, partition, start, end)
    if frame.empty:
        raise not_published(f"text family of {topic.topic} by {period}", TEXT_FAMILIES, topic.topic)
    kept = frame[frame["authors"] >= min_authors]
    return kept.sort_values(["period_start", "period_end", "rank"]).reset_index(drop=True)
