"""The periods in which a post counts: its hour, its day in the topic's time zone, and the window."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.instants import micros
from conf.tables import PERIODS
from jobs.framework.literals import instant
from jobs.framework.publication import spans
from jobs.framework.window import Window
from jobs.measures.ballots import Spans


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


def spans_of(window: Window, periods: Sequence[str] = PERIODS) -> list[Spans]:
    """Returns the whole hours and whole days in the window, and the window itself, as NumPy has them."""
    bounds = {period: list(spans(window, period)) for period in periods}
    return [spans_between(period, some) for period, some in bounds.items() if some]


def spans_between(period: str, bounds: Sequence[tuple[datetime, datetime]]) -> Spans:
    """Returns periods of one kind, given as pairs of start and end in order, as NumPy has them."""
    starts, ends = ([micros(pair[i]) for pair in bounds] for i in (0, 1))
    return Spans(period, np.array(starts, np.int64), np.array(ends, np.int64))


def first_of_periods(rows: DataFrame, ranked_by: Sequence[tuple[str, bool]], top: Mapping[str, int]) -> DataFrame:
    """Returns the first rows of each period, with `rank` from 1.

    `ranked_by` names columns, and says whether the least is the first; `top` says how many are kept, by kind of period.
    """
    order = [F.asc(name) if ascending else F.desc(name) for name, ascending in ranked_by]
    by = Over.partitionBy("period", "period_start").orderBy(*order)
    most = F.create_map(*[F.lit(value) for pair in top.items() for value in pair])[F.col("period")]
    ranked = rows.withColumn("rank", F.row_number().over(by))
    return ranked.where(F.col("rank") <= most).select(*rows.columns)
