"""The pointers in the table `published`. They say which run of a bulk table readers see; a run sets them to itself.

Every run has a place in the order of its job's runs (`jobs/framework/order.py`). A pointer is set only if the place of
its old run is earlier, and by a conditional write, which fails if the old value has changed. So of two runs the later
one wins, in whichever order they write, and no clock is needed.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from cassandra import ConsistencyLevel, OperationTimedOut, WriteTimeout
from cassandra.cluster import Session
from cassandra.query import BatchStatement, BatchType
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from conf.instants import instant
from conf.schema import Table, bound
from conf.tables import PUBLISHED
from stores.prepare import prepared

BATCH = 100
"""The most pointers that one conditional batch sets."""
_TICKS_BEFORE_1970 = 0x01B21DD213814000
"""Ticks of 100 ns from the beginning of time UUIDs, 15 October 1582 (RFC 9562, 5.1), to 1970."""
PATIENCE = 60.0
"""The seconds for which a conditional write is repeated while other runs write, too, or Cassandra is slow."""


class Period(NamedTuple):
    """One part and period of a bulk table.

    `part` is the graph; it is empty for a table without parts. The times are UTC.
    """

    part: str
    period: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Pointer:
    """The run that readers see (None if no run has been published yet), and that run's place in the order of runs.

    After `Pointers.close`, the place is the place of a later run that died.
    """

    run_id: UUID | None
    place: datetime


class Contended(Exception):
    """Another run has changed a pointer since it was read. Read it again, and try again."""


@dataclass(frozen=True)
class Pointers:
    """The pointers of one bulk table and topic."""

    session: Session
    keyspace: str
    table: Table
    topic: str

    def read(self, periods: Collection[Period], *, newest: bool = False) -> dict[Period, Pointer]:
        """Returns the pointers of some periods; periods without a pointer are left out.

        With `newest`, Cassandra first completes all conditional writes that have begun, so the newest values are read.
        """
        spans: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        for period in periods:
            spans[period.part, period.period].append(period.start)
        level = ConsistencyLevel.SERIAL if newest else None
        wanted, found = set(periods), dict[Period, Pointer]()
        for (part, period_), starts in spans.items():
            rows = self._rows(part, period_, " AND period_start >= ?", (min(starts), max(starts)), level)
            found.update((period, pointer) for period, pointer in rows if period in wanted)
        return found

    def windows_from(self, part: str, until: datetime) -> dict[Period, Pointer]:
        """Returns the pointers of all periods of kind `window` of a part that start at `until` or before."""
        return dict(self._rows(part, "window", "", (until,), None))

    def within(self, part: str, period: str, start: datetime, end: datetime) -> dict[Period, Pointer]:
        """Returns the pointers of all periods of a kind that start from `start` on and before `end`."""
        rows = self._rows(part, period, " AND period_start >= ?", (start, end), None)
        return {period: pointer for period, pointer in rows if period.start < end}

    def _rows(
        self, part: str, period: str, also: str, bounds: tuple[datetime, ...], level: int | None
    ) -> Iterator[tuple[Period, Pointer]]:
        columns = ", ".join((*PUBLISHED.clustering, "run_id", "published_at"))
        where = f"{bound((*PUBLISHED.partition, 'part', 'period'))}{also} AND period_start <= ?"
        cql = f"SELECT {columns} FROM {self.keyspace}.{PUBLISHED.name} WHERE {where}"
        asked = prepared(self.session, cql).bind((self.topic, self.table.name, part, period, *bounds))
        if level is not None:
            asked.consistency_level = level
        for row in self.session.execute(asked):
            yield (
                Period(row.part, row.period, utc(row.period_start), utc(row.period_end)),
                Pointer(row.run_id, utc(row.published_at)),
            )

    def run_of(self, period: Period) -> UUID | None:
        """Returns the run that readers see for one period; None if there is none."""
        cql = f"SELECT run_id FROM {self.keyspace}.{PUBLISHED.name} WHERE {bound(PUBLISHED.key)}"
        row = self.session.execute(prepared(self.session, cql), (self.topic, self.table.name, *period)).one()
        found: UUID | None = row.run_id if row else None
        return found

    def point(
        self,
        periods: Collection[Period],
        run_id: UUID,
        place: datetime,
        before: Callable[[set[UUID]], None] = lambda _: None,
    ) -> set[Period]:
        """Sets the periods' pointers to a run; returns the periods that already point to a run with a later place.

        Before the writes, `before` is called with the runs that are about to be replaced. Raises Contended, or the
        driver's error, if the write does not succeed within PATIENCE.
        """
        return self._set(periods, lambda _: run_id, place, before)

    def close(self, periods: Collection[Period], place: datetime) -> None:
        """Makes sure that no run with this place or an earlier place can become visible in these periods any more.

        The pointers keep their runs, but get this place. Raises as `point` does.
        """
        self._set(periods, lambda held: held.run_id if held else None, place, lambda _: None)

    def _set(
        self,
        periods: Collection[Period],
        chosen: Callable[[Pointer | None], UUID | None],
        place: datetime,
        before: Callable[[set[UUID]], None],
    ) -> set[Period]:
        left, refused = set(periods), set[Period]()

        def step() -> None:
            held = self.read(left, newest=True)
            later = {period for period, pointer in held.items() if pointer.place >= place}
            refused.update(period for period in later if held[period].run_id != chosen(held[period]))
            left.difference_update(later)
            before({run_id for period in left if period in held and (run_id := held[period].run_id) is not None})
            for some in _chunks(sorted(left)):
                self._write(some, held, chosen, place)
                left.difference_update(some)

        retrying = Retrying(
            retry=retry_if_exception_type((Contended, OperationTimedOut, WriteTimeout)),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_delay(PATIENCE),
            reraise=True,
        )
        retrying(step)
        return refused

    def _write(
        self,
        periods: Iterable[Period],
        held: Mapping[Period, Pointer],
        chosen: Callable[[Pointer | None], UUID | None],
        place: datetime,
    ) -> None:
        """Sets some pointers, all or none. Raises Contended if one of them has changed since it was read."""
        update = prepared(
            self.session,
            f"UPDATE {self.keyspace}.{PUBLISHED.name} SET run_id = ?, published_at = ? WHERE {bound(PUBLISHED.key)} "
            "IF run_id = ? AND published_at = ?",
        )
        batch = BatchStatement(BatchType.UNLOGGED)
        for period in periods:
            was = held.get(period)
            condition = (was.run_id, was.place) if was else (None, None)
            batch.add(update, (chosen(was), place, self.topic, self.table.name, *period, *condition))
        if not self.session.execute(batch).was_applied:
            raise Contended


def _chunks(periods: Sequence[Period]) -> Iterator[Sequence[Period]]:
    return (periods[at : at + BATCH] for at in range(0, len(periods), BATCH))


def place_of(run_id: UUID) -> datetime:
    """Returns a run's place in the order of its job's runs: the time in its id, UTC, in whole milliseconds."""
    ticks = run_id.time - _TICKS_BEFORE_1970
    return instant(round(ticks / 10_000) * 1000)


def utc(at: datetime) -> datetime:
    """Returns an instant from the driver, which has no time zone, as an instant in UTC."""
    return at.replace(tzinfo=UTC)
