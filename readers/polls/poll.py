"""Reads the candidate poll as published, by window, hour or day; smooths it, or leaves out shares of few authors."""

from datetime import datetime

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.tables import CANDIDATE_POLL
from conf.topic import Topic
from readers.frames import read_frame
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

    Without bounds, `window` returns only the window computed last, and `hour` and `day` return all periods. The bounds
    are half-open, on `period_start`. Raises PulsoError when nothing was published.
    """
    columns = ", ".join(CANDIDATE_POLL.columns)
    where = "topic = ? AND race = ? AND period = ?"
    values: list[object] = [topic.topic, race, period]
    for bound, sign in ((start, ">="), (end, "<")):
        if bound is not None:
            where += f" AND period_start {sign} ?"
            values.append(bound)
    cql = f"SELECT {columns} FROM {keyspace}.{CANDIDATE_POLL.name} WHERE {where}"
    frame = read_frame(session, cql, values)
    if frame.empty:
        raise PulsoError(
            f"no poll of {topic.topic}/{race} by {period} has been published",
            f"Run SPARK_CONF_DIR=conf spark-submit jobs/candidate_poll.py --topic {topic.topic} --from D --to D",
        )
    if period == "window" and start is None and end is None:
        frame = frame[frame["computed_at"] == frame["computed_at"].max()]
        frame = frame[frame["run_id"] == frame["run_id"].max()]
    return frame.sort_values(ORDER, ascending=[True, True, False, True]).reset_index(drop=True)


def smoothed(days: pd.DataFrame, span: int = 7) -> pd.DataFrame:
    """Returns the shares as trailing means over `span` days, to show the trend; they are never stored.

    A day's share becomes the plain mean of the shares of that day and of the `span - 1` days before, as far as
    published. The ends of its interval become means, too: the interval is as wide as that of a day on average. This is
    too wide rather than too narrow, since the same authors write on many days. Counts stay those of the day.
    """
    frame = days.sort_values(["candidate", "period_start"]).reset_index(drop=True)
    by_day = frame.set_index("period_start").groupby("candidate")[SHARES]
    means = by_day.rolling(f"{span}D", min_periods=1).mean().reset_index()
    frame[SHARES] = means[SHARES].to_numpy()
    return frame.sort_values(ORDER, ascending=[True, True, False, True]).reset_index(drop=True)


def without_few(frame: pd.DataFrame, least: int = TOO_FEW) -> pd.DataFrame:
    """Returns the frame with empty shares where a period has fewer than `least` authors; counts stay."""
    thinned = frame.copy()
    thinned.loc[thinned["authors_total"] < least, SHARES] = float("nan")
    return thinned
