"""The periods that a post counts in: its hour, its day in the topic's time zone, and the window."""

from datetime import datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.window import Window, micros


def instant(at: datetime) -> Column:
    """A UTC instant as a literal, whatever the session's time zone."""
    return F.timestamp_micros(F.lit(micros(at)))


def published_periods(event_at: Column, window: Window) -> Column:
    """An array of (period, period_start, period_end): only whole hours and whole days inside the window."""
    zone = window.zone.key
    local_day = F.date_trunc("day", F.from_utc_timestamp(event_at, zone))
    hour = F.date_trunc("hour", event_at)
    periods = [
        _period("hour", hour, hour + F.expr("INTERVAL 1 HOUR")),
        _period(
            "day",
            F.to_utc_timestamp(local_day, zone),
            F.to_utc_timestamp(local_day + F.expr("INTERVAL 1 DAY"), zone),
        ),
        _period("window", instant(window.start), instant(window.end)),
    ]
    start, end = instant(window.start), instant(window.end)
    return F.filter(F.array(*periods), lambda p: (p["period_start"] >= start) & (p["period_end"] <= end))


def _period(name: str, start: Column, end: Column) -> Column:
    return F.struct(F.lit(name).alias("period"), start.alias("period_start"), end.alias("period_end"))
