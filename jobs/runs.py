"""The row that each run leaves in job_runs, whatever becomes of it."""

import uuid
from datetime import UTC, datetime
from typing import Any

from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE

from conf.prepare import prepared
from conf.tables import JOB_RUNS
from conf.topic import Topic
from jobs.window import Window


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
        self._session.execute(self._insert, [values.get(name, UNSET_VALUE) for name in JOB_RUNS.columns])
