"""A published result of the job coordination: its summary, groups, accounts, objects and pairs, all from one run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cassandra.cluster import ResponseFuture, Session

from conf.errors import WrongUse
from conf.schema import Table, bound
from conf.tables import (
    COORDINATION_ACCOUNTS,
    COORDINATION_GROUPS,
    COORDINATION_KINDS,
    COORDINATION_OBJECTS,
    COORDINATION_PAIRS,
    COORDINATION_SUMMARY,
)
from conf.topic import Topic
from readers.partitions import Replaced, rows_of_run
from readers.periods import not_published
from stores.prepare import prepared
from stores.published import Period, utc


@dataclass(frozen=True)
class Result:
    """What was found of one kind in one period. The rows are as in the tables, in the order of their groups."""

    topic: Topic
    summary: Any
    groups: list[Any]
    accounts: list[Any]
    objects: list[Any]
    pairs: list[Any]

    def only(self, group: int | None) -> "Result":
        """Returns the result with one group alone; all of it for None. Raises WrongUse if there is no such group."""
        if group is None:
            return self
        if group not in [row.group for row in self.groups]:
            known = f"There are groups 1 to {len(self.groups)}" if self.groups else "There is none"
            raise WrongUse(f"--group {group}: no such group", known)
        parts = (self.groups, self.accounts, self.objects, self.pairs)
        return Result(self.topic, self.summary, *([row for row in some if row.group == group] for some in parts))


def read_result(
    session: Session,
    keyspace: str,
    topic: Topic,
    kind: str,
    period: str = "window",
    start: datetime | None = None,
    end: datetime | None = None,
) -> Result:
    """Returns what was found of a kind: in the window that was computed last, or the last day within the bounds.

    Raises PulsoError if nothing was published, and Replaced if a later run replaced it meanwhile.
    """
    read = _Reader(session, keyspace, topic)
    summary = read.newest(kind, period, start, end)
    if summary is None:
        what = f"coordination by {kind} of {topic.topic} by {period}"
        raise not_published(what, COORDINATION_SUMMARY, topic.topic)
    pairs = [row for row in read.bulk(COORDINATION_PAIRS, summary) if row.group is not None]
    pairs.sort(key=lambda row: (row.group, -row.objects, row.src, row.dst))
    return replace(read.result(summary), pairs=pairs)


def read_groups(session: Session, keyspace: str, topic: Topic, summary: Any) -> Result:
    """Returns what belongs to a summary, without the pairs: these are most of the rows. Raises Replaced."""
    return _Reader(session, keyspace, topic).result(summary)


def read_summaries(session: Session, keyspace: str, topic: Topic, period: str = "window") -> dict[str, Any]:
    """Returns the summaries of the kinds that were published: of the window computed last, or of the last day."""
    read = _Reader(session, keyspace, topic)
    asked = {kind: read.asked(kind, period) for kind in COORDINATION_KINDS}
    found = {kind: _newest(period, future.result()) for kind, future in asked.items()}
    return {kind: summary for kind, summary in found.items() if summary}


def _newest(period: str, rows: Iterable[Any]) -> Any:
    by_run = period == "window"
    order = (lambda r: (r.computed_at, r.period_start)) if by_run else (lambda r: (r.period_start, r.computed_at))
    return max(rows, key=order, default=None)


@dataclass(frozen=True)
class _Reader:
    session: Session
    keyspace: str
    topic: Topic

    def newest(self, kind: str, period: str, start: datetime | None, end: datetime | None) -> Any:
        """Returns a summary; None if there is none."""
        return _newest(period, self.asked(kind, period, start, end).result())

    def asked(
        self, kind: str, period: str, start: datetime | None = None, end: datetime | None = None
    ) -> ResponseFuture:
        """Asks for the summaries of a kind within these limits."""
        limits = [(at, sign) for at, sign in ((start, ">="), (end, "<")) if at is not None]
        where = bound(COORDINATION_SUMMARY.partition) + "".join(f" AND period_start {sign} ?" for _, sign in limits)
        return self._sent(COORDINATION_SUMMARY, where, [self.topic.topic, kind, period, *(at for at, _ in limits)])

    def result(self, summary: Any) -> Result:
        """Returns what belongs to a summary, without the pairs. Raises Replaced if it was replaced, also before."""
        groups = self.groups(summary)
        accounts = sorted(self.bulk(COORDINATION_ACCOUNTS, summary), key=lambda row: (row.group, row.author))
        objects = list(self.bulk(COORDINATION_OBJECTS, summary))
        objects.sort(key=lambda row: (row.group, -row.accounts, row.first_at, row.object))
        self.check_still_named(summary)
        return Result(self.topic, summary, groups, accounts, objects, [])

    def groups(self, summary: Any) -> list[Any]:
        """Returns the groups of the summary's run. Raises Replaced if they are those of another."""
        values = [getattr(summary, name) for name in COORDINATION_SUMMARY.key]
        rows = self._rows(COORDINATION_GROUPS, bound(COORDINATION_SUMMARY.key), values)
        if any(row.run_id != summary.run_id for row in rows) or bool(rows) != bool(summary.groups):
            raise Replaced(f"coordination of {self.topic.topic}")
        return rows

    def bulk(self, table: Table, summary: Any) -> Iterator[Any]:
        start, end = utc(summary.period_start), utc(summary.period_end)
        period = Period(summary.kind, summary.period, start, end)
        return rows_of_run(self.session, self.keyspace, table, self.topic, period, summary.run_id)

    def check_still_named(self, summary: Any) -> None:
        """Raises Replaced unless the summary is still that of the run that was read: then all its rows were there."""
        values = [getattr(summary, name) for name in COORDINATION_SUMMARY.key]
        rows = self._rows(COORDINATION_SUMMARY, bound(COORDINATION_SUMMARY.key), values)
        if not rows or rows[0].run_id != summary.run_id:
            raise Replaced(f"coordination of {self.topic.topic}")

    def _rows(self, table: Table, where: str, values: list[object]) -> list[Any]:
        return list(self._sent(table, where, values).result())

    def _sent(self, table: Table, where: str, values: list[object]) -> ResponseFuture:
        cql = f"SELECT {', '.join(table.columns)} FROM {self.keyspace}.{table.name} WHERE {where}"
        return self.session.execute_async(prepared(self.session, cql), values)
