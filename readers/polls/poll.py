"""The candidate poll as it was published: the latest run's window, or its hours or days; smoothed or thinned."""

from datetime import datetime

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.tables import CANDIDATE_POLL
from conf.topic import Topic
from readers.frames import read_frame
from readers.polls.poll_cli import TOO_FEW

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
    """Rows of `candidate_poll` for one race and period, highest share first within each period.

    Without bounds, `window` gives the window computed last, and `hour` and `day` all there are. Bounds are
    half-open over `period_start`. Raises PulsoError when nothing was published.
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
    """Trailing means of the shares over `span` days, for a look at the trend; never what is stored.

    Each day's share is the plain mean of the days that were published among it and the `span - 1` before it. The ends
    of its interval are means too: as wide as a day's on average, and so too wide rather than too narrow, since the same
    authors write on many days. Counts stay those of the day.
    """
    frame = days.sort_values(["candidate", "period_start"]).reset_index(drop=True)
    by_day = frame.set_index("period_start").groupby("candidate")[SHARES]
    means = by_day.rolling(f"{span}D", min_periods=1).mean().reset_index()
    frame[SHARES] = means[SHARES].to_numpy()
    return frame.sort_values(ORDER, ascending=[True, True, False, True]).reset_index(drop=True)


def without_few(frame: pd.DataFrame, least: int = TOO_FEW) -> pd.DataFrame:
    """The shares of periods with fewer authors than that are left empty; their counts stay."""
    thinned = frame.copy()
    thinned.loc[thinned["authors_total"] < least, SHARES] = float("nan")
    return thinned
