"""The row that each run leaves in job_runs, whatever becomes of it; and what earlier runs left."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE
from cassandra.util import uuid_from_time

from conf import VERSION
from conf.instants import micros
from conf.schema import bound
from conf.tables import JOB_RUNS
from conf.topic import Topic
from jobs.framework.window import Window
from stores.execute import execute_all
from stores.prepare import prepared

WRITE_TIMEOUT = 20.0
RUNNING, ENDED, FOUND_DEAD = range(3)
"""Microseconds after the run's place at which each state of its row is written: the later state wins."""


class JobRun:
    """One run; its row is written when it starts and again when it ends."""

    def __init__(
        self, session: Session, keyspace: str, job: str, topic: Topic, window: Window, place: datetime
    ) -> None:
        self.place = place
        self.run_id: uuid.UUID = uuid_from_time(place)
        self._session = session
        self._insert = prepared(session, JOB_RUNS.insert(keyspace, timestamp=True))
        self._known: dict[str, Any] = {
            "job": job,
            "topic": topic.topic,
            "started_at": place,
            "run_id": self.run_id,
            "window_start": window.start,
            "window_end": window.end,
            "version": VERSION,
        }

    def shaped_by(self, methods: Mapping[str, str], inputs: Mapping[str, uuid.UUID]) -> None:
        """Notes what shapes the result: a digest a race (or one, under ""), and the run read of each table."""
        told = (f"{part}:{method}" if part else method for part, method in methods.items())
        self._known |= {"method": " ".join(told), "inputs": dict(inputs)}

    def write(self, status: str, **columns: Any) -> None:
        """Writes the row as it now stands."""
        values = {**self._known, "status": status, **columns}
        at = micros(self.place) + (RUNNING if status == "running" else ENDED)
        bound_ = self._insert.bind([*(values.get(name, UNSET_VALUE) for name in JOB_RUNS.columns), at])
        execute_all(self._session, [bound_], WRITE_TIMEOUT)


def say_dead(session: Session, keyspace: str, job: str, topic: str, place: datetime) -> None:
    """Notes that a run was killed, in its row."""
    update = prepared(
        session,
        f"UPDATE {keyspace}.{JOB_RUNS.name} USING TIMESTAMP ? SET status = ?, error = ? WHERE {bound(JOB_RUNS.key)}",
    )
    error = "it ended without a word (killed?); what it had written was removed"
    session.execute(update, (micros(place) + FOUND_DEAD, "failed", error, job, topic, place))


def method_of(session: Session, keyspace: str, job: str, topic: str, place: datetime) -> str:
    """The `method` of the run with that place; empty where it has none."""
    query = f"SELECT method FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.key)}"
    row = session.execute(prepared(session, query), (job, topic, place)).one()
    return (row.method or "") if row else ""


@dataclass(frozen=True)
class PastRun:
    """A run that succeeded."""

    start: datetime
    end: datetime
    rows_read: int


def past_runs(session: Session, keyspace: str, job: str, topic: Topic) -> Iterator[PastRun]:
    """The job's runs over a topic that succeeded, newest first."""
    columns = "status, window_start, window_end, rows_read"
    query = f"SELECT {columns} FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.partition)}"
    for run in session.execute(prepared(session, query), (job, topic.topic)):
        if run.status in ("succeeded", "superseded"):
            start, end = (at.replace(tzinfo=UTC) for at in (run.window_start, run.window_end))
            yield PastRun(start, end, run.rows_read or 0)


def rows_before(runs: Iterator[PastRun], window: Window) -> list[int]:
    """How many posts runs read over windows as long as this one, in the week before it; once a window."""
    week, length = window.start - timedelta(days=7), window.end - window.start
    found: dict[datetime, int] = {}
    for run in runs:
        if run.end - run.start == length and week <= run.start and run.end <= window.start:
            found.setdefault(run.start, run.rows_read)
    return list(found.values())
