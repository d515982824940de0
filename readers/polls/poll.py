"""Reads the published candidate poll by window, hour or day.

Can compute means over days, and hide shares of too few authors.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
from cassandra.cluster import Session

from conf.tables import CANDIDATE_POLL, TOPIC_VOLUME
from conf.topic import Topic
from readers.periods import not_published, read_periods
from readers.polls import TOO_FEW

ORDER = ["period_start", "period_end", "share_authors", "candidate"]
SHARES = ["share_posts", "share_authors", "share_authors_low", "share_authors_high", "share_authors_no_bots"]


def read_poll(
    session: Session,
    keyspace: str,
    topic: Topic,
    race: str,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
) -> pd.DataFrame:
    """Returns the rows of `candidate_poll` for one race and period, the highest share first within each period.

    Without `start` and `end`, the period `window` returns only the window that was computed last; `hour` and `day`
    return all periods. `start` and `end` limit `period_start` (half-open). Raises PulsoError when nothing was
    published.
    """
    where = {"topic": topic.topic, "race": race, "period": period}
    frame = read_periods(session, keyspace, CANDIDATE_POLL, where, start, end)
    if frame.empty:
        raise not_published(f"poll of {topic.topic}/{race} by {period}", CANDIDATE_POLL, topic.topic)
    return frame.sort_values(ORDER, ascending=[True, True, False, True]).reset_index(drop=True)


def read_volume(
    session: Session, keyspace: str, topic: Topic, period: str, polls: Sequence[pd.DataFrame]
) -> dict[tuple[pd.Timestamp, pd.Timestamp], tuple[int, int]]:
    """Returns the posts and authors of the whole topic in the polls' periods, by start and end, where published."""
    if not polls:
        return {}
    starts = pd.concat(frame["period_start"] for frame in polls)
    start, end = starts.min().to_pydatetime(), starts.max().to_pydatetime() + timedelta(milliseconds=1)
    frame = read_periods(session, keyspace, TOPIC_VOLUME, {"topic": topic.topic, "period": period}, start, end)
    found = frame[["period_start", "period_end", "posts", "authors"]].itertuples(index=False)
    return {(row.period_start, row.period_end): (row.posts, row.authors) for row in found}


def smoothed(days: pd.DataFrame, span: int = 7) -> pd.DataFrame:
    """Returns the poll with shares that are means over `span` days (the day and those before), to show the trend.

    The means are never stored.

    A day's share becomes the mean of the shares of that day and of the `span - 1` days before, if they were published.
    Both ends of the interval become means, too, so the interval is as wide as the average interval of one day. This is
    too wide rather than too narrow, since the same authors write on many days. Counts are still those of the one day.
    """
    frame = days.sort_values(["candidate", "period_start"]).reset_index(drop=True)
    by_day = frame.set_index("period_start").groupby("candidate")[SHARES]
    means = by_day.rolling(f"{span}D", min_periods=1).mean().reset_index()
    frame[SHARES] = means[SHARES].to_numpy()
    return frame.sort_values(ORDER, ascending=[True, True, False, True]).reset_index(drop=True)


def without_few(frame: pd.DataFrame, least: int = TOO_FEW) -> pd.DataFrame:
    """Returns the frame with empty shares in periods with fewer than `least` authors; the counts are unchanged."""
    thinned = frame.copy()
    thinned.loc[thinned["authors_total"] < least, SHARES] = float("nan")
    return thinned
