"""The periods of a summary, as people read them."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
from rich.console import Console

from conf.topic import Topic

MOST_PERIODS = 24


def last_periods(frame: pd.DataFrame, console: Console) -> Iterator[pd.DataFrame]:
    """Yields the rows of the last 24 periods, period by period; says how many earlier ones there are."""
    periods = list(frame.groupby(["period_start", "period_end"], sort=True))
    if len(periods) > MOST_PERIODS:
        console.print(f"{len(periods) - MOST_PERIODS:,} earlier periods are not shown; --format csv has all\n")
    for _, rows in periods[-MOST_PERIODS:]:
        yield rows


def span(start: pd.Timestamp, end: pd.Timestamp, topic: Topic) -> str:
    """Returns the start and the end of a period, in the topic's time zone."""
    return f"{_local(start, topic.zone)} to {_local(end, topic.zone)} ({topic.timezone})"


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
