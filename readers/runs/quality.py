"""Reads how the checks of the newest runs over one window came out, from `job_runs` and `data_quality`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cassandra.cluster import Session

from conf.tables import DATA_QUALITY
from conf.topic import Topic
from readers.runs.runs import jobs_of, runs_of
from stores.prepare import prepared


@dataclass(frozen=True)
class Judged:
    """A run (its row of `job_runs`), and its checks (rows of `data_quality`)."""

    run: Any
    checks: Sequence[Any]

    @property
    def broken(self) -> list[Any]:
        """The checks that failed, those of severity error first."""
        return sorted((c for c in self.checks if not c.success), key=lambda c: (c.severity != "error", c.expectation))

    @property
    def stops(self) -> bool:
        """Whether the run published nothing: what depends on it must not go on."""
        return self.run.status not in ("succeeded", "superseded")


def judged_runs(session: Session, keyspace: str, topic: Topic, start: datetime, end: datetime) -> list[Judged]:
    """Returns the newest run of each job over exactly this window, with its checks; sorted by job."""
    found = []
    for job in jobs_of(session, keyspace, topic):
        runs = (run for run in runs_of(session, keyspace, topic, job) if _is_over(run, start, end))
        if run := next(runs, None):
            found.append(Judged(run, list(_checks(session, keyspace, run))))
    return found


def _is_over(run: Any, start: datetime, end: datetime) -> bool:
    return bool(run.window_start.replace(tzinfo=UTC) == start and run.window_end.replace(tzinfo=UTC) == end)


def _checks(session: Session, keyspace: str, run: Any) -> Iterator[Any]:
    query = f"SELECT * FROM {keyspace}.{DATA_QUALITY.name} WHERE job = ? AND topic = ? AND run_id = ?"
    yield from session.execute(prepared(session, query), (run.job, run.topic, run.run_id))
