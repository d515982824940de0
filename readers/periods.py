"""Reads the rows of a small table by window, hour or day."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table, bound
from readers.frames import read_frame
from stores.prepare import prepared
from stores.published import utc

_TYPES = {"double": "float64", "bigint": "Int64", "int": "Int64"}
"""The types of columns that may be null: without them, a column of nulls would have none."""


def read_periods(
    session: Session,
    keyspace: str,
    table: Table,
    where: Mapping[str, str],
    start: datetime | None = None,
    end: datetime | None = None,
) -> pd.DataFrame:
    """Returns the rows of one partition of a small table, in the order of its key; `where` has the partition's columns.

    Without `start` and `end`, the period `window` returns only the window that was computed last; `hour` and `day`
    return all periods. `start` and `end` limit `period_start` (half-open). Without rows, the frame is empty.
    """
    limits = [(at, sign) for at, sign in ((start, ">="), (end, "<")) if at is not None]
    condition = bound(table.partition) + "".join(f" AND period_start {sign} ?" for _, sign in limits)
    cql = f"SELECT {', '.join(table.columns)} FROM {keyspace}.{table.name} WHERE {condition}"
    frame = read_frame(session, cql, [*(where[name] for name in table.partition), *(at for at, _ in limits)])
    kinds = {name: _TYPES[c.cql] for name, c in table.columns.items() if c.nullable and c.cql in _TYPES}
    frame = frame.astype(kinds)
    if where["period"] == "window" and not limits and not frame.empty:
        frame = frame[frame["computed_at"] == frame["computed_at"].max()]
        frame = frame[frame["run_id"] == frame["run_id"].max()]
    return frame.reset_index(drop=True)


def newest_start(session: Session, keyspace: str, table: Table, where: Mapping[str, str]) -> datetime | None:
    """Returns the start, in UTC, of the last period of a partition; None where it has no rows. Reads one row."""
    cql = f"SELECT period_start FROM {keyspace}.{table.name} WHERE {bound(table.partition)}"
    asked = prepared(session, f"{cql} ORDER BY {table.clustering[0]} DESC LIMIT 1")
    row = session.execute(asked, [where[name] for name in table.partition]).one()
    return utc(row.period_start) if row else None


def not_published(what: str, table: Table, topic: str) -> PulsoError:
    """Returns the error that no rows of `what` are there, with the command that makes them."""
    job = f"SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/{table.job}.py"
    return PulsoError(f"no {what} has been published", f"Run {job} --topic {topic} --from D --to D")
