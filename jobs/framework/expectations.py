"""The checks of the posts that a job reads and of the rows that it returns.

Most checks are made from the table's declaration in `conf/tables`: nulls, bounds, values and the primary key. Some are
the job's own rules.
"""

import math
from collections.abc import Iterator, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.schema import Column, Table
from conf.tables import POSTS
from jobs.framework.counted_once import ONE_DAY, POST
from jobs.framework.expected import Expected, Repeated, Ruled, Where, quoted
from jobs.framework.job import Rule
from jobs.framework.window import Window

DATED_AT_LEAST = 0.999
"""The smallest share of posts that must have an event time."""


def of_posts(posts: DataFrame, window: Window) -> list[Expected]:
    """Returns what is expected of stored posts; the days are those of the window's time zone."""
    day, event_day = F.col("day"), F.to_date(F.from_utc_timestamp("event_at", window.zone.key))
    expected = [e for e in declared(posts, POSTS) if not e.says.startswith("event_at ")]
    expected += [
        Expected(
            f"at least {DATED_AT_LEAST:.1%} of posts have event_at",
            Where(F.col("event_at").isNull(), (F.col("event_at"),)),
            mostly=DATED_AT_LEAST,
        ),
        Expected("event_at falls on the day under which the post is stored", Where(day != event_day, (day, event_day))),
        Expected(ONE_DAY, Repeated(POST), "warning"),
    ]
    return expected


def of_rows(rows: DataFrame, table: Table, rules: Sequence[Rule]) -> list[Expected]:
    """Returns what is expected of a result's rows."""
    key = tuple(name for name in table.key if name in rows.columns)
    unique = Expected(f"{', '.join(key)} are unique", Repeated(key))
    return [
        *declared(rows, table),
        unique,
        *(Expected(r.says, Ruled(r.broken, r.shown, r.by), r.severity) for r in rules),
    ]


def declared(frame: DataFrame, table: Table) -> list[Expected]:
    """Returns what a table's declaration requires of the columns of a frame."""
    present = {name: column for name, column in table.columns.items() if name in frame.columns}
    return [expected for name, column in present.items() for expected in _of_column(name, column)]


def _of_column(name: str, column: Column) -> Iterator[Expected]:
    value = F.col(quoted(name))
    if not column.nullable:
        yield Expected(f"{name} is not null", Where(value.isNull(), (value,)))
    if column.values:
        yield Expected(f"{name} is one of {', '.join(column.values)}", Where(~value.isin(*column.values), (value,)))
    if column.least is not None or column.greatest is not None:
        least = -math.inf if column.least is None else column.least
        greatest = math.inf if column.greatest is None else column.greatest  # NaN is more than that, for Spark
        bounds = f"at least {least:g}" if column.greatest is None else f"{least:g} to {greatest:g}"
        yield Expected(f"{name} is {bounds}", Where(~value.between(float(least), float(greatest)), (value,)))
