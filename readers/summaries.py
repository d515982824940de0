"""Reads the rows of a small table of results: those of the last window, or of all hours or days."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table
from readers.frames import read_frame


def read_summary(
    session: Session,
    keyspace: str,
    table: Table,
    partition: Mapping[str, str],
    start: datetime | None = None,
    end: datetime | None = None,
) -> pd.DataFrame:
    """Returns the rows of a partition of a small table, whose columns `partition` gives, `period` among them.

    Without `start` and `end`, the period `window` returns only the window that was computed last; other periods return
    all of them. `start` and `end` limit `period_start` (half-open). Returns an empty frame if there are none. Raises
    PulsoError if the tables do not exist.
    """
    where, values = " AND ".join(f"{name} = ?" for name in partition), list[object](partition.values())
    for bound, sign in ((start, ">="), (end, "<")):
        if bound is not None:
            where += f" AND period_start {sign} ?"
            values.append(bound)
    cql = f"SELECT {', '.join(table.columns)} FROM {keyspace}.{table.name} WHERE {where}"
    frame = read_frame(session, cql, values)
    if partition["period"] == "window" and start is None and end is None:
        frame = frame[frame["computed_at"] == frame["computed_at"].max()]
        frame = frame[frame["run_id"] == frame["run_id"].max()]
    return frame.reset_index(drop=True)


def not_published(what: str, table: Table, topic: str) -> PulsoError:
    """Returns the error that no row of `what` is there, with the command that makes them."""
    return PulsoError(
        f"no {what} has been published",
        f"Run SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/{table.job}.py --topic {topic} --from D --to D",
    )
