"""The identity of a run, and the periods and partitions that the run replaces in a table."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from conf.instants import micros
from conf.partitions import parts_of
from conf.schema import Table
from conf.settings import Settings
from conf.topic import Topic
from jobs.framework.window import Window
from stores.published import Period

PUBLISH_TIMEOUT = 120.0


@dataclass(frozen=True)
class Publication:
    """A run's identity. All rows that the run writes have its `run_id`, and its place as `computed_at`."""

    settings: Settings
    job: str
    topic: Topic
    window: Window
    run_id: uuid.UUID
    place: datetime

    @property
    def at_us(self) -> int:
        """The run's write time, in microseconds since 1970."""
        return micros(self.place)

    @property
    def run_columns(self) -> dict[str, object]:
        """The columns that are the same in all rows of the run; instants are ms since 1970."""
        return {"run_id": self.run_id, "computed_at": self.at_us // 1000}


def owned_parts(table: Table, topic: Topic) -> Iterator[dict[str, str]]:
    """Yields the partitions of a small table in which a run replaces its rows, even if the run has no rows for them."""
    periods = table.columns["period"].values if "period" in table.partition else (None,)
    for part in parts_of(table, topic):
        for period in periods:
            of_part = {table.part: part} if table.part else {}
            yield {"topic": topic.topic, **of_part, **({"period": period} if period else {})}


def owned_periods(table: Table, topic: Topic, window: Window) -> Iterator[Period]:
    """Yields every part and whole period of a bulk table that a run over the window replaces."""
    for part in parts_of(table, topic):
        for period in table.columns["period"].values:
            for start, end in spans(window, period):
                yield Period(part, period, start, end)


def spans(window: Window, period: str) -> Iterator[tuple[datetime, datetime]]:
    """Yields start and end, UTC, of the whole periods in a window; days are those of the topic's time zone."""
    whole = window.whole(period)
    if whole is None:
        return
    start, end = whole
    while start < end:
        after = _next(start, end, period, window)
        yield start, after
        start = after


def _next(start: datetime, end: datetime, period: str, window: Window) -> datetime:
    if period == "window":
        return end
    if period == "hour":
        return start + timedelta(hours=1)
    tomorrow = start.astimezone(window.zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), window.zone).astimezone(UTC)
