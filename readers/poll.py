"""The candidate poll as it was published: the latest run's window, or its hours or days."""

from datetime import datetime

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.tables import CANDIDATE_POLL
from conf.topic import Topic
from readers.frames import read_frame

ORDER = ["period_start", "period_end", "share_authors", "candidate"]


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
