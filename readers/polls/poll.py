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
_CHANGING = ["share_posts", "share_authors", "share_authors_no_bots", "share_authors_no_groups"]
SHARES = [*_CHANGING, "share_authors_low", "share_authors_high"]


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


def changes(periods: pd.DataFrame) -> pd.DataFrame:
    """Returns how much each candidate's shares changed from the period before the last one to the last one.

    `periods` is a poll by hour or by day. The frame has a row for each candidate of both periods: `candidate`, the
    start of the last period, for each share its difference (`…_change`, -1..1), and `is_clear`: whether the two
    intervals of the share of authors do not overlap. It is empty where the last two periods do not follow one another.
    """
    empty = pd.DataFrame(columns=["candidate", "period_start", *(f"{name}_change" for name in _CHANGING), "is_clear"])
    if periods.empty:
        return empty
    last = periods[periods["period_start"] == periods["period_start"].max()]
    before = periods[periods["period_end"] == last["period_start"].iloc[0]]
    both = last.merge(before, on="candidate", suffixes=("", "_before"))
    if both.empty:
        return empty
    for name in _CHANGING:
        both[f"{name}_change"] = both[name] - both[f"{name}_before"]
    above = both["share_authors_low"] > both["share_authors_high_before"]
    below = both["share_authors_high"] < both["share_authors_low_before"]
    both["is_clear"] = above | below
    return both[empty.columns].reset_index(drop=True)
