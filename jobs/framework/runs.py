"""The row that each run leaves in job_runs, whatever becomes of it; and what earlier runs left."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE

from conf.tables import JOB_RUNS
from conf.topic import Topic
from jobs.framework.window import Window
from stores.execute import execute_all
from stores.prepare import prepared

WRITE_TIMEOUT = 20.0


class JobRun:
    """One run; written when it starts and again when it ends."""

    def __init__(self, session: Session, keyspace: str, job: str, topic: Topic, window: Window) -> None:
        self.run_id = uuid.uuid1()
        self._session = session
        self._insert = prepared(session, JOB_RUNS.insert(keyspace))
        self._known = {
            "job": job,
            "topic": topic.topic,
            "started_at": datetime.now(UTC),
            "run_id": self.run_id,
            "window_start": window.start,
            "window_end": window.end,
            "method": " ".join(f"{race.id}:{race.method}" for race in topic.races),
        }

    def write(self, status: str, **columns: Any) -> None:
        """Writes the row as it now stands."""
        values = {**self._known, "status": status, **columns}
        bound = self._insert.bind([values.get(name, UNSET_VALUE) for name in JOB_RUNS.columns])
        execute_all(self._session, [bound], WRITE_TIMEOUT)


@dataclass(frozen=True)
class PastRun:
    """A run that succeeded."""

    start: datetime
    end: datetime
    rows_read: int


def past_runs(session: Session, keyspace: str, job: str, topic: Topic) -> Iterator[PastRun]:
    """The job's runs over a topic that succeeded, newest first."""
    columns = "status, window_start, window_end, rows_read"
    query = f"SELECT {columns} FROM {keyspace}.{JOB_RUNS.name} WHERE job = ? AND topic = ?"
    for run in session.execute(prepared(session, query), (job, topic.topic)):
        if run.status == "succeeded":
            start, end = (at.replace(tzinfo=UTC) for at in (run.window_start, run.window_end))
            yield PastRun(start, end, run.rows_read or 0)


def covering(runs: Iterator[PastRun], window: Window) -> Window | None:
    """The window of the first of some runs that holds all of `window`; None where none does."""
    for run in runs:
        if run.start <= window.start and window.end <= run.end:
            return Window(run.start, run.end, window.zone)
    return None


def rows_before(runs: Iterator[PastRun], window: Window) -> list[int]:
    """Posts that runs read over windows as long as this one, in the week before it; once a window."""
    week, length = window.start - timedelta(days=7), window.end - window.start
    found: dict[datetime, int] = {}
    for run in runs:
        if run.end - run.start == length and week <= run.start and run.end <= window.start:
            found.setdefault(run.start, run.rows_read)
    return list(found.values())
