"""The periods of a summary, as people read them."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console

from conf.topic import Topic

if TYPE_CHECKING:
    import pandas as pd

MOST_PERIODS = 24


def last_periods(frame: "pd.DataFrame", console: Console) -> "Iterator[pd.DataFrame]":
    """Yields the rows of the last 24 periods, period by period; says how many earlier ones there are."""
    periods = list(frame.groupby(["period_start", "period_end"], sort=True))
    say_earlier(len(periods), console)
    for _, rows in periods[-MOST_PERIODS:]:
        yield rows


def say_earlier(periods: int, console: Console) -> None:
    """Says how many of so many periods are not among the last 24."""
    if periods > MOST_PERIODS:
        console.print(f"{periods - MOST_PERIODS:,} earlier periods are not shown; --format csv has all\n")


def span(rows: "pd.DataFrame", topic: Topic) -> str:
    """Returns the start and the end of the period of some rows, in the topic's time zone, and the zone."""
    return f"{times(rows.iloc[0], topic)} ({topic.timezone})"


def times(row: Any, topic: Topic) -> str:
    """Returns the start and the end of a row's period, in the topic's time zone."""
    return between(row["period_start"], row["period_end"], topic)


def between(start: datetime, end: datetime, topic: Topic) -> str:
    """Returns two instants in the topic's time zone."""
    return " to ".join(f"{at.astimezone(topic.zone):%Y-%m-%d %H:%M}" for at in (start, end))
