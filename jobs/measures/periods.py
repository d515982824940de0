"""The periods in which a post counts: its hour, its day in the topic's time zone, and the window."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.tables import PERIODS
from jobs.framework.literals import instant
from jobs.framework.window import Window


def with_periods(posts: DataFrame, window: Window, periods: Sequence[str] = PERIODS) -> DataFrame:
    """Returns one row per post and period of `periods`; period, period_start, period_end replace `event_at`.

    Only whole hours and whole days in the window are kept, and the window itself.
    """
    zone, event_at = window.zone.key, F.col("event_at")
    local_day = F.date_trunc("day", F.from_utc_timestamp(event_at, zone))
    hour = F.date_trunc("hour", event_at)
    start, end = instant(window.start), instant(window.end)
    bounds = {
        "hour": (hour, hour + F.expr("INTERVAL 1 HOUR")),
        "day": (F.to_utc_timestamp(local_day, zone), F.to_utc_timestamp(local_day + F.expr("INTERVAL 1 DAY"), zone)),
        "window": (start, end),
    }
    kept = [name for name in posts.columns if name != "event_at"]
    return (
        posts.select(*kept, F.explode(F.array(*[_period(name, *bounds[name]) for name in periods])).alias("p"))
        .select(*kept, "p.*")
        .where((F.col("period_start") >= start) & (F.col("period_end") <= end))
    )


def _period(name: str, start: Column, end: Column) -> Column:
    return F.struct(F.lit(name).alias("period"), start.alias("period_start"), end.alias("period_end"))
