"""Removes the rows of replaced runs and of killed runs from bulk tables.

`unswept_runs` lists the runs that may have such rows, and the window in which these may be. A new run is listed before
it writes its first row, and a published run before it is replaced. A run is removed from the list when its rows are
deleted. So if a run is killed at any point, the next run, or a maintenance program, can finish the work with the list.

A living run renews the column `alive`, which otherwise expires. Before the rows of a dead run are removed, the pointers
of its periods are closed (`stores/published.py`). If that run was not dead but only paused, it can't set the pointers
any more, and fails.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog
from cassandra.cluster import Session

from conf.partitions import spread
from conf.schema import Table, bound
from conf.tables import TABLES
from conf.topic import Topic
from jobs.framework.publication import PUBLISH_TIMEOUT, Publication, owned_periods
from jobs.framework.runs import say_dead
from jobs.framework.unswept import Unswept, UnsweptList, this_process
from jobs.framework.window import Window
from stores.execute import execute_all
from stores.layout import buckets_of_run
from stores.prepare import prepared
from stores.published import Period, Pointers, utc

log = structlog.get_logger("sweep")


class Sweeper:
    """Keeps the list of one bulk table and topic, and removes the rows of the runs on it."""

    def __init__(self, session: Session, keyspace: str, table: Table, topic: Topic) -> None:
        self._session, self._keyspace, self._table, self._topic = session, keyspace, table, topic
        self._list = UnsweptList(session, keyspace, table.name, topic)
        self.pointers = Pointers(session, keyspace, table, topic.topic)

    @contextmanager
    def writing(self, publication: Publication) -> Iterator[None]:
        """Puts a run on the list, and renews its sign of life until the block ends.

        The run stays on the list until it is swept.
        """
        entry = Unswept(publication.run_id, publication.window, publication.place, this_process(), alive=True)
        with self._list.alive(entry):
            yield

    def replacing(self, runs: Collection[UUID], publication: Publication) -> None:
        """Puts published runs on the list before the run of `publication` replaces them in its window.

        A run that is on the list already stays as it is: if it was killed, the list must go on saying so.
        """
        listed = {entry.run_id for entry in self._list.read() if entry.window == publication.window}
        for run_id in set(runs) - listed:
            self._list.add(Unswept(run_id, publication.window, publication.place))

    def sweep(self, publication: Publication | None = None, *, failed: bool = False) -> None:
        """Removes the rows of listed runs that no pointer and no summary names.

        With a publication, it removes rows of that run itself (`failed` says whether it failed), rows of dead runs, and
        rows of earlier runs in its window. Without a publication, for maintenance, it removes only rows of dead runs. A
        published run that is being replaced counts as dead.
        """
        for entry in self._list.read():
            own = publication is not None and entry.run_id == publication.run_id
            if own or entry.is_dead:
                killed = not own and entry.process is not None
                if killed:
                    self._close(entry)
                self._finish(entry, everywhere=killed or failed)
            elif publication is not None and entry.place < publication.place:
                self._remove(entry, everywhere=True, within=publication.window)

    def _close(self, entry: Unswept) -> None:
        """Closes the pointers of a dead run, so that it can't publish if it wakes up; job_runs says that it failed."""
        log.warning("removing the rows of a killed run", table=self._table.name, run=str(entry.run_id))
        self.pointers.close(list(owned_periods(self._table, self._topic, entry.window)), entry.place)
        say_dead(self._session, self._keyspace, self._table.job, self._topic.topic, entry.place)

    def _finish(self, entry: Unswept, *, everywhere: bool) -> None:
        """Removes all that a run left, and takes it off the list unless some rows must stay for now."""
        kept = self._remove(entry, everywhere=everywhere)
        # Periods that point to a run that wrote need no more work. A run that is being replaced stays listed while any
        # period points to it: the run that listed it may be about to replace it.
        waiting = kept.named_only or (entry.process is None and kept.pointed)
        if not waiting:
            self._list.drop(entry)

    def _remove(self, entry: Unswept, *, everywhere: bool, within: Window | None = None) -> "_Kept":
        """Deletes the run's partitions that nothing names; returns the periods whose rows stay.

        A run that ended well has rows only in periods with a pointer to itself or to a later run. A closed pointer of
        a period that never had rows names no run. A run that did not end well may have rows `everywhere` in its window.
        With `within`, only partitions of that window's periods are deleted.
        """
        owned = set(owned_periods(self._table, self._topic, entry.window))
        if within is not None:
            owned &= set(owned_periods(self._table, self._topic, within))
        held = self.pointers.read(owned, newest=True)
        if not everywhere:
            owned &= {period for period, pointer in held.items() if pointer.run_id is not None}
        pointed = {period for period, pointer in held.items() if pointer.run_id == entry.run_id}
        named = self._named(entry, {period.part for period in owned}) & owned
        kept = _Kept(pointed, named - pointed)
        gone = [period for period in owned if period not in kept.pointed and period not in kept.named_only]
        table = f"{self._keyspace}.{self._table.name}"
        delete = prepared(self._session, f"DELETE FROM {table} WHERE {bound(self._table.partition)}")
        buckets = buckets_of_run(self._session, self._keyspace, self._table, self._topic, entry.run_id)
        keys = (key for period in gone for key in self._partitions(period, entry.run_id, buckets))
        execute_all(self._session, (delete.bind(key) for key in keys), PUBLISH_TIMEOUT)
        return kept

    def _named(self, entry: Unswept, parts: set[str]) -> set[Period]:
        """Returns the periods in which the `named_by` table names this run."""
        naming = next((table for table in TABLES if table.name == self._table.named_by), None)
        if naming is None:
            return set()
        found = set[Period]()
        cql = (
            f"SELECT period_start, period_end, run_id FROM {self._keyspace}.{naming.name} "
            f"WHERE {bound(naming.partition)} AND period_start >= ? AND period_start < ?"
        )
        for part in parts:
            for period in naming.columns["period"].values:
                values = {"topic": self._topic.topic, naming.part: part, "period": period}
                bounds = (*(values[name] for name in naming.partition), entry.window.start, entry.window.end)
                for row in self._session.execute(prepared(self._session, cql), bounds):
                    if row.run_id == entry.run_id:
                        found.add(Period(part, period, utc(row.period_start), utc(row.period_end)))
        return found

    def _partitions(self, period: Period, run_id: UUID, buckets: int) -> Iterator[list[Any]]:
        known = {
            **{"topic": self._topic.topic, self._table.part: period.part, "period": period.period},
            **{"period_start": period.start, "period_end": period.end, "run_id": run_id},
        }
        for spread_ in spread(self._table, buckets, *period[1:]):
            values = {**known, **spread_}
            yield [values[name] for name in self._table.partition]


class _Kept:
    """The periods in which a run's rows stay: those pointed to, and those that only the `named_by` table names."""

    def __init__(self, pointed: set[Period], named_only: set[Period]) -> None:
        self.pointed, self.named_only = pointed, named_only
