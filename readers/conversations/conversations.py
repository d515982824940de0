"""Reads the published conversations by window or day."""

from datetime import datetime

import numpy as np
import pandas as pd
from cassandra.cluster import Session

from conf.tables import CONVERSATIONS
from conf.topic import Topic
from readers.options import PUBLIC_FROM
from readers.periods import not_published, read_periods
from readers.private import LEADING, UNNAMED, are_named


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
    named (`readers/private.py`). Raises PulsoError when nothing was published.
    """
    partition = {"topic": topic.topic, "period": period}
    frame = read_periods(session, keyspace, CONVERSATIONS, partition, start, end)
    if frame.empty:
        raise not_published(f"conversation of {topic.topic} by {period}", CONVERSATIONS, topic.topic)
    accounts = list(zip(*(frame[name].to_numpy(object, na_value=None) for name in ("author", "label")), strict=True))
    hidden = ~np.array(are_named(session, keyspace, topic, accounts, min_followers))
    label = frame["label"].mask(hidden & frame["label"].notna(), UNNAMED)
    shown = frame.assign(label=label, **{name: frame[name].mask(hidden) for name in LEADING})
    return shown.sort_values(["period_start", "period_end", "rank"]).reset_index(drop=True)
