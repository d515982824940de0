"""The input `Published`: the rows of one run of another job."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import and_
from typing import Any

import structlog
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.errors import PulsoError
from conf.partitions import parts_of, spread
from conf.schema import Table
from conf.tables import run_list
from jobs.framework.columns import spark_schema, spark_value
from jobs.framework.direct_join import joined, numbered, table_rows
from jobs.framework.inputs import Place, Read
from jobs.framework.literals import hidden, instant
from jobs.framework.runs import ENDED_WELL, told_of
from jobs.framework.unswept import UnsweptList
from jobs.framework.window import Window
from stores.layout import buckets_of_run
from stores.prepare import prepared
from stores.published import Period, Pointer, Pointers, place_of

log = structlog.get_logger("job")


class NotEnded(PulsoError):
    """The newest rows of a small table are of a run that has not ended, or was killed."""


TRIES, PAUSE = 5, 1.0
"""How often a published table is read if later runs replace it meanwhile, and the seconds between two readings."""


@dataclass(frozen=True)
class Published:
    """The rows of one run of another job: the newest run whose window contains this job's window.

    Only its rows for the whole window are read, not those for hours and days.

    If there is no such run, an `optional` input is left out; a required input is an error. With `ends_with_window`, the
    run's window must end where this job's does: nothing of later posts is in it.
    """

    table: Table
    columns: Sequence[str]
    optional: bool = False
    ends_with_window: bool = False
    wait: Callable[[float], None] = time.sleep

    @property
    def required(self) -> bool:
        """Whether a missing run is an error."""
        return not self.optional

    def read(self, at: Place) -> Read | None:
        """Reads all rows of one run; returns None if there is no such run and the input is optional.

        Raises PulsoError if there is none and the input is not optional, or if later runs replaced the rows during each
        of TRIES reads.
        """
        if self.table.is_bulk:
            found = self._bulk(at)
        else:
            rows = self.newest(at)
            found = self._as_read(at, rows) if rows else None
        if found is None and not self.optional:
            raise PulsoError(
                f"no run of {self.table.job} covers this window, but this job needs its {self.table.name}",
                f"Run jobs/{self.table.job}.py --topic {at.topic.topic} over this window, or a longer one",
            )
        return found

    def _bulk(self, at: Place) -> Read | None:
        """Reads the run that `published` names.

        The rows of a run that a pointer names are never removed. So the pointer is read again after the rows.
        """
        pointers = Pointers(at.session, at.settings.keyspace, self.table, at.topic.topic)
        for _ in range(TRIES):
            held = [pointers.windows_from(part, at.window.start) for part in parts_of(self.table, at.topic)]
            known = {period: of for some in held for period, of in some.items() if self._holds(*period[2:], at.window)}
            chosen = newest_run(known)
            if chosen is None:
                return None
            periods, run_id = chosen
            stored = self.rows_of(at, periods, run_id)
            if not self._is_as_declared(stored):
                stored.unpersist()
                self._say_earlier_release(at)
                return None
            if all(pointers.run_of(period) == run_id for period in periods):
                return Read(stored, stored, run_id=run_id, method=self.method(at, run_id))
            stored.unpersist()
        raise PulsoError(f"{self.table.name} was replaced again and again while it was being read", "Try again later")

    def _is_as_declared(self, stored: DataFrame) -> bool:
        """Reads the rows; returns whether they have values in all columns that are never null.

        An earlier release may have written them, before a column was added.
        """
        needed = [name for name in self.columns if not self.table.columns[name].nullable]
        is_whole = reduce(and_, (F.col(name).isNotNull() for name in needed), F.lit(True))
        return stored.where(~is_whole).isEmpty() if stored.count() else True

    def _say_earlier_release(self, at: Place) -> None:
        """Says that rows can't be used. Raises PulsoError unless the input is optional."""
        what = f"{self.table.name} of this window is from an earlier release"
        fix = f"Run jobs/{self.table.job}.py --topic {at.topic.topic} over this window again"
        if not self.optional:
            raise PulsoError(what, fix)
        log.warning(f"{what}, and is not used", fix=fix)

    def rows_of(self, at: Place, periods: Sequence[Period], run_id: uuid.UUID) -> DataFrame:
        """Returns what a run has written in a bulk table for some periods. The caller must release it."""
        rows = table_rows(at.spark, at.settings, self.table)
        frames = [joined(self._keys(at, period, run_id), rows, self.table) for period in periods]
        return reduce(DataFrame.unionByName, frames).select(*self.columns).persist(StorageLevel.MEMORY_AND_DISK)

    def _keys(self, at: Place, period: Period, run_id: uuid.UUID) -> DataFrame:
        """Returns one row per partition of one part and period of the run."""
        values = {
            "topic": F.lit(at.topic.topic),
            self.table.part: F.lit(period.part),
            "period": F.lit(period.period),
            "period_start": instant(period.start),
            "period_end": instant(period.end),
            "run_id": F.lit(str(run_id)),
        }
        buckets = buckets_of_run(at.session, at.settings.keyspace, self.table, at.topic, run_id)
        spread_ = list(spread(self.table, buckets, *period[1:]))
        fixed = [hidden(values[name], "id").alias(name) for name in self.table.partition if name in values]
        others = [self._spread_column(name) for name in self.table.partition if name not in values]
        return numbered(at.spark, len(spread_)).select(*fixed, *others)

    def _spread_column(self, name: str) -> Column:
        if name == "bucket":
            return F.col("id").cast("int").alias(name)
        values = F.array(*map(F.lit, self.table.columns[name].values))
        return F.element_at(values, (F.col("id") + 1).cast("int")).alias(name)

    def newest(self, at: Place) -> list[Any] | None:
        """Returns a small table's rows of the newest run, once that run has come to its end; None without a run.

        A run swaps one part after the other. Until it has ended, some parts may still have rows of the run before.
        Raises NotEnded if the run does not end. A run that was killed is not waited for.
        """
        for attempt in range(TRIES):
            rows = [row for part in parts_of(self.table, at.topic) for row in self._partition(at, part)]
            covering = [row for row in rows if self._covers(row, at.window)]
            if not covering:
                return None
            newest = max(covering, key=lambda row: row.computed_at)
            if self._status(at, newest.run_id) in ENDED_WELL:
                return [row for row in covering if row.run_id == newest.run_id]
            if attempt + 1 < TRIES and self._goes_on(at, newest.run_id):
                self.wait(PAUSE)
        raise NotEnded(
            f"{self.table.name} has rows of a run of {self.table.job} that has not ended",
            f"Run jobs/{self.table.job}.py over that window again",
        )

    def _as_read(self, at: Place, of_run: Sequence[Any]) -> Read:
        run_id = of_run[0].run_id
        values = [[spark_value(getattr(row, name)) for name in self.columns] for row in of_run]
        frame = at.spark.createDataFrame(values, spark_schema(self.table, self.columns))
        return Read(frame, frame.persist(), run_id=run_id, method=self.method(at, run_id))

    def _covers(self, row: Any, window: Window) -> bool:
        """Returns whether a row's period holds the window.

        Rows of a table without periods always do: they are all of its newest run.
        """
        if "period" not in self.table.columns:
            return True
        start, end = (at.replace(tzinfo=UTC) for at in (row.period_start, row.period_end))
        return self._holds(start, end, window)

    def _holds(self, start: datetime, end: datetime, window: Window) -> bool:
        """Returns whether a period holds the window and, with `ends_with_window`, ends where it does."""
        return start <= window.start and (end == window.end if self.ends_with_window else window.end <= end)

    def _partition(self, at: Place, part: str) -> list[Any]:
        values = {"topic": at.topic.topic, self.table.part: part, "period": "window"}
        names = [name for name in self.table.partition if name in values]
        where = " AND ".join(f"{name} = ?" for name in names)
        cql = f"SELECT * FROM {at.settings.keyspace}.{self.table.name} WHERE {where}"
        return list(at.session.execute(prepared(at.session, cql), [values[name] for name in names]))

    def method(self, at: Place, run_id: uuid.UUID) -> str:
        """Returns the `method` of a run, from job_runs."""
        return self._run(at, run_id, "method")

    def _status(self, at: Place, run_id: uuid.UUID) -> str:
        return self._run(at, run_id, "status")

    def _goes_on(self, at: Place, run_id: uuid.UUID) -> bool:
        """Returns whether a run of the table's job is listed as going on, and its process lives."""
        listed = UnsweptList(at.session, at.settings.keyspace, run_list(self.table.job), at.topic).read()
        return any(entry.run_id == run_id and not entry.is_dead for entry in listed)

    def _run(self, at: Place, run_id: uuid.UUID, column: str) -> str:
        where = (at.settings.keyspace, self.table.job, at.topic.topic, place_of(run_id))
        return told_of(at.session, *where, column)


def newest_run(pointers: Mapping[Period, Pointer]) -> tuple[list[Period], uuid.UUID] | None:
    """Returns the newest published run, as a pair: its periods, then its id. Returns None if there is none."""
    held = {period: pointer.run_id for period, pointer in pointers.items() if pointer.run_id is not None}
    if not held:
        return None
    newest = max(held.values(), key=place_of)
    return [period for period, run_id in held.items() if run_id == newest], newest
