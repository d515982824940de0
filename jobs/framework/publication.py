"""What one run publishes, and which partitions of a table it owns."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from conf.buckets import period_buckets
from conf.instants import micros
from conf.schema import Table
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from jobs.framework.job import Output
from jobs.framework.window import Window

PUBLISH_TIMEOUT = 120.0


@dataclass(frozen=True)
class Publication:
    """One run's identity: everything that it writes bears `run_id`, and the write time `at_us`."""

    settings: Settings
    topic: Topic
    window: Window
    run_id: uuid.UUID
    at_us: int

    @property
    def run_columns(self) -> dict[str, object]:
        """The columns that are the same in every row of the run, instants in ms since 1970."""
        return {"run_id": self.run_id, "computed_at": self.at_us // 1000}


def is_bulk(table: Table) -> bool:
    """Whether each period has partitions of its own, spread by `bucket`: a table too large for the driver."""
    return table.name != POSTS.name and "period_start" in table.partition


def owned_parts(output: Output, publication: Publication) -> Iterator[dict[str, str]]:
    """The partitions that a run replaces, but for period_start, period_end and bucket."""
    periods = output.periods if "period" in output.table.partition else (None,)
    for part in output.parts(publication.topic):
        for period in periods:
            yield {"topic": publication.topic.topic, **part, **({"period": period} if period else {})}


def owned_partitions(output: Output, publication: Publication) -> Iterator[dict[str, object]]:
    """Every partition of a bulk table that a run replaces, instants in ms since 1970."""
    for part in owned_parts(output, publication):
        for start, end in spans(publication.window, part["period"]):
            bounds = {"period_start": micros(start) // 1000, "period_end": micros(end) // 1000}
            if "bucket" not in output.table.partition:
                yield {**part, **bounds}
                continue
            for bucket in range(period_buckets(publication.topic, part["period"], start, end)):
                yield {**part, **bounds, "bucket": bucket}


def spans(window: Window, period: str) -> Iterator[tuple[datetime, datetime]]:
    """The whole periods inside a window, in UTC; a day is as long as it is in the topic's time zone."""
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
