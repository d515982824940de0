"""Writes a run's row in job_runs, whether the run succeeds or fails; and reads the rows of earlier runs."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE
from cassandra.util import uuid_from_time

from conf import VERSION
from conf.instants import micros
from conf.schema import bound
from conf.tables import JOB_RUNS, run_list
from conf.topic import Topic
from jobs.framework.unswept import Unswept, UnsweptList, this_process
from jobs.framework.window import Window
from stores.execute import execute_all
from stores.prepare import prepared
from stores.refused import FAILURES

WRITE_TIMEOUT = 20.0
ENDED_WELL = ("succeeded", "superseded")
"""The states of runs that published their whole result."""
RUNNING, FOUND_DEAD, ENDED = range(3)
"""The states of a run's row.

The write time of a state is the run's place plus this many µs, so the later state wins. A run that was only paused, and
taken for dead, tells its own end.
"""


class JobRun:
    """One run; its row is written when the run starts, and again when it ends."""

    def __init__(
        self, session: Session, keyspace: str, job: str, topic: Topic, window: Window, place: datetime
    ) -> None:
        self.place = place
        self.run_id: uuid.UUID = uuid_from_time(place)
        self._session, self._keyspace = session, keyspace
        self._list = UnsweptList(session, keyspace, run_list(job), topic)
        self._entry = Unswept(self.run_id, window, place, this_process(), alive=True)
        self._insert = prepared(session, JOB_RUNS.insert(keyspace, timestamp=True))
        self._ended = False
        self._known: dict[str, Any] = {
            "job": job,
            "topic": topic.topic,
            "started_at": place,
            "run_id": self.run_id,
            "window_start": window.start,
            "window_end": window.end,
            "version": VERSION,
            "buckets": topic.buckets,
        }

    def shaped_by(self, methods: Mapping[str, str], inputs: Mapping[str, uuid.UUID]) -> None:
        """Stores, for the row, the digests of the rules and the ids of the runs that were read, by table.

        `methods` has one digest per race, by race id, or a single digest under the empty text.
        """
        told = (f"{part}:{method}" if part else method for part, method in methods.items())
        self._known |= {"method": " ".join(told), "inputs": dict(inputs)}

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Lists the run as one that goes on, until the block ends; runs on that list that were killed count as failed.

        A run whose end could not be recorded stays on the list, for the next run.
        """
        for entry in self._list.read():
            if entry.is_dead:
                say_dead(self._session, self._keyspace, self._known["job"], self._known["topic"], entry.place)
                self._list.drop(entry)
        with self._list.alive(self._entry):
            try:
                yield
            finally:
                if self._ended:
                    with suppress(*FAILURES):  # the next run drops it
                        self._list.drop(self._entry)

    def write(self, status: str, **columns: Any) -> None:
        """Writes the row, with the values known so far, `status` and `columns`."""
        values = {**self._known, "status": status, "error": None, **columns}
        at = micros(self.place) + (RUNNING if status == "running" else ENDED)
        bound_ = self._insert.bind([*(values.get(name, UNSET_VALUE) for name in JOB_RUNS.columns), at])
        execute_all(self._session, [bound_], WRITE_TIMEOUT)
        self._ended = status != "running"


def say_dead(session: Session, keyspace: str, job: str, topic: str, place: datetime) -> None:
    """Sets the status of a killed run to `failed` in job_runs, unless the run had recorded its end before."""
    if told_of(session, keyspace, job, topic, place, "status") != "running":
        return
    update = prepared(
        session,
        f"UPDATE {keyspace}.{JOB_RUNS.name} USING TIMESTAMP ? SET status = ?, error = ? WHERE {bound(JOB_RUNS.key)}",
    )
    error = "the run ended without a report (killed?)"
    session.execute(update, (micros(place) + FOUND_DEAD, "failed", error, job, topic, place))


def told_of(session: Session, keyspace: str, job: str, topic: str, place: datetime, column: str) -> str:
    """Returns a text column of the run with that place; "" if there is no such run, or nothing in the column."""
    query = f"SELECT {column} FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.key)}"
    row = session.execute(prepared(session, query), (job, topic, place)).one()
    return (row[0] or "") if row else ""


@dataclass(frozen=True)
class PastRun:
    """A run that succeeded, even if a later run replaced its result (status `superseded`)."""

    start: datetime
    end: datetime
    rows_read: int


def past_runs(session: Session, keyspace: str, job: str, topic: Topic) -> Iterator[PastRun]:
    """Yields the job's successful runs over a topic, superseded ones included, newest first."""
    columns = "status, window_start, window_end, rows_read"
    query = f"SELECT {columns} FROM {keyspace}.{JOB_RUNS.name} WHERE {bound(JOB_RUNS.partition)}"
    for run in session.execute(prepared(session, query), (job, topic.topic)):
        if run.status in ENDED_WELL:
            start, end = (at.replace(tzinfo=UTC) for at in (run.window_start, run.window_end))
            yield PastRun(start, end, run.rows_read or 0)


def rows_before(runs: Iterator[PastRun], window: Window) -> list[int]:
    """Returns the numbers of posts that runs over windows of the same length read, in the week before this window.

    Each such window counts once, with its newest run, since `runs` come newest first.
    """
    week, length = window.start - timedelta(days=7), window.end - window.start
    found: dict[datetime, int] = {}
    for run in runs:
        if run.end - run.start == length and week <= run.start and run.end <= window.start:
            found.setdefault(run.start, run.rows_read)
    return list(found.values())
