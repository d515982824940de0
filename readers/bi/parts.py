"""The files behind the views: the rows of each table as they were between two runs, brought up to date when asked for.

Each statement first asks Cassandra, of all topics at a time, which runs of the jobs behind its views have ended. What
has changed since is read again, whole (`readers/published/whole.py`), into new files; then the view is replaced. So a
statement sees every run that ended before it, never two runs in one view, and nothing is read while nobody asks.
Statements that came before a question was asked share its answer: a dashboard sends many at once. Files that a view has
left stay for a while, for queries that still read them.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import Table
from conf.settings import Settings
from conf.tables import JOB_RUNS
from conf.topic import Topic
from readers.bi.views import VIEWS, create_part, create_view, drop_part
from readers.files import told_of_disk
from readers.options import PUBLIC_FROM
from readers.packs.summaries import Window
from readers.published.tables import write_parquet
from readers.published.unnamed import unnamed
from readers.published.whole import RUNS, read_job
from readers.topics import Topics
from stores.prepare import prepared
from stores.refused import silence_told

ENDED_WELL = ("succeeded", "superseded")
GRACE = 1800.0
"""Seconds for which files that a view has left stay. Spark ends longer queries before."""
AT_ONCE = 100
"""Topics that one query asks about."""
Run = tuple[UUID, ...]
OnSql = Callable[[str], object]


@dataclass
class Part:
    """The state of one table: the number of its files, and of which runs they are, by topic."""

    number: int = 0
    runs: dict[str, Run] = field(default_factory=dict)


class Parts:
    """The files of all tables, under a folder. `sql` runs statements in the session that may change the views.

    Accounts with fewer than `min_followers` followers are not named where `readers/private.py` says so.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        folder: Path,
        sql: OnSql,
        clock: Callable[[], float] = time.monotonic,
        min_followers: int = PUBLIC_FROM,
    ) -> None:
        self._session, self._keyspace, self._folder = session, settings.keyspace, folder
        self._topics, self._least = Topics(settings.topics_dir), min_followers
        self._sql, self._clock = sql, clock
        self._parts = {name: Part() for name in VIEWS}
        self._left: list[tuple[float, Table, int]] = []
        self._questions, self._asked = 0, dict[str, tuple[int, dict[str, Run]]]()
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Makes all views, without rows: what nobody reads is never fetched."""
        for table in VIEWS.values():
            self._show(table, 0)

    def refresh(self, names: Collection[str]) -> None:
        """Brings some views up to date. Raises PulsoError if that can't be done; the views stay as they were."""
        came, wanted = self._questions, [VIEWS[name] for name in sorted(names)]
        with self._lock, told_of_disk(self._folder, "PULSO_HOME", "The views are as before"):
            with silence_told("See make status, and try again"):
                for table in wanted:
                    self._refresh(table, came)
            self._forget()

    def _refresh(self, table: Table, came: int) -> None:
        part, topics = self._parts[table.name], self._known()
        newest = self._newest(table.job, topics, came)
        changed = [name for name, runs in newest.items() if part.runs.get(name, ()) != runs]
        gone = part.runs.keys() - newest.keys()
        if not changed and not gone:
            return
        number = part.number + 1
        folder = self._of(table, number)
        folder.mkdir(parents=True)
        try:
            for name in newest.keys() - set(changed):
                os.link(self._of(table, part.number) / f"{name}.parquet", folder / f"{name}.parquet")
            for name in changed:
                self._read(table, topics[name], folder / f"{name}.parquet")
            self._show(table, number)
        except BaseException:
            self._sql(drop_part(table, number))
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._left.append((self._clock() + GRACE, table, part.number))
        self._parts[table.name] = Part(number, newest)

    def _read(self, table: Table, topic: Topic, file: Path) -> None:
        window = Window(self._session, self._keyspace, topic, None, None)

        def take(_: Table, rows: Iterator[Any]) -> None:
            write_parquet(file, table, unnamed(window, table, rows, self._least))

        read_job(window, table.job, take, tables=[table])

    def _show(self, table: Table, number: int) -> None:
        folder = self._of(table, number)
        folder.mkdir(parents=True, exist_ok=True)
        self._sql(create_part(table, number, folder))
        self._sql(create_view(table, number))

    def _of(self, table: Table, number: int) -> Path:
        return self._folder / table.name / str(number)

    def _known(self) -> dict[str, Topic]:
        """Returns the topics; a file that is none takes nothing from the others."""
        found = {}
        for name in self._topics.names():
            with suppress(PulsoError, OSError):
                found[name] = self._topics.get(name)
        return found

    def _newest(self, job: str, topics: Collection[str], came: int) -> dict[str, Run]:
        """Returns the runs of a job that have ended well, newest first, by topic; topics without one are left out.

        `came` is the number of questions that had been asked when the statement came: only later ones answer it.
        """
        number, known = self._asked.get(job, (0, {}))
        if number <= came:
            self._questions = number = self._questions + 1
            known = ended_runs(self._session, self._keyspace, job, topics)
            self._asked[job] = number, known
        return {name: runs for name, runs in known.items() if name in topics}

    def _forget(self) -> None:
        """Removes files that no query can read any more."""
        now = self._clock()
        for _, table, number in [left for left in self._left if left[0] <= now]:
            self._sql(drop_part(table, number))
            shutil.rmtree(self._of(table, number), ignore_errors=True)
        self._left = [left for left in self._left if left[0] > now]


def ended_runs(session: Session, keyspace: str, job: str, topics: Collection[str]) -> dict[str, Run]:
    """Returns the runs of a job that have ended well, newest first, by topic; topics without one are left out."""
    table, names, found = f"{keyspace}.{JOB_RUNS.name}", list(topics), dict[str, Run]()
    query = f"SELECT topic, run_id, status FROM {table} WHERE job = ? AND topic IN ? PER PARTITION LIMIT {RUNS}"
    asked = prepared(session, query)
    for start in range(0, len(names), AT_ONCE):
        for row in session.execute(asked, (job, names[start : start + AT_ONCE])):
            if row.status in ENDED_WELL:
                found[row.topic] = (*found.get(row.topic, ()), row.run_id)
    return found
