"""The checks, for Great Expectations, of the posts that a job reads and of the rows that it returns.

Most checks are made from the table's declaration in `conf/tables`: nulls, bounds, values and the primary key. Some are
the job's own rules.
"""

import warnings
from collections.abc import Iterator, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from conf.schema import Column, Table
from conf.tables import POSTS
from jobs.framework.job import Rule
from jobs.framework.quality import Expected
from jobs.framework.window import Window

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the import warns of what Python has deprecated
    import great_expectations.expectations as gxe

KEY_HASH = "key_hash"
"""The column with a hash of the key's columns.

Hashes of 64 bits are counted far faster than several texts. In only one of thirty million runs, two of a million keys
have the same hash.
"""
EVENT_DAY = "event_day"
DATED_AT_LEAST = 0.999
"""The smallest share of posts that must have an event time."""


def checked_posts(posts: DataFrame, window: Window) -> DataFrame:
    """Returns the posts as read, with the additional columns that the checks need."""
    local_day = F.to_date(F.from_utc_timestamp("event_at", window.zone.key))
    return posts.withColumns({EVENT_DAY: local_day, KEY_HASH: F.xxhash64("source", "post_id")})


def checked_rows(rows: DataFrame, table: Table) -> DataFrame:
    """Returns the rows of a result with a hash of the key columns that the job returns."""
    return rows.withColumn(KEY_HASH, F.xxhash64(*_key_of(rows, table)))


def of_posts(posts: DataFrame) -> list[Expected]:
    """Returns what is expected of stored posts."""
    expected = [e for e in declared(posts, POSTS) if not e.says.startswith("event_at ")]
    expected += [
        Expected(
            f"at least {DATED_AT_LEAST:.1%} of posts have event_at",
            gxe.ExpectColumnValuesToNotBeNull(column="event_at", mostly=DATED_AT_LEAST),
        ),
        Expected(
            "event_at falls on the day under which the post is stored",
            gxe.ExpectColumnPairValuesToBeEqual(
                column_A="day", column_B=EVENT_DAY, ignore_row_if="either_value_is_missing"
            ),
        ),
        _unique(["source", "post_id"], "a post is stored under one day only"),
    ]
    return expected


def of_rows(rows: DataFrame, table: Table, rules: Sequence[Rule]) -> list[Expected]:
    """Returns the checks of a result's rows."""
    key = _key_of(rows, table)
    return [*declared(rows, table), _unique(key, f"{', '.join(key)} are unique"), *map(_from_rule, rules)]


def declared(frame: DataFrame, table: Table) -> list[Expected]:
    """Returns the checks that a table's declaration requires for the columns of a frame."""
    present = {name: column for name, column in table.columns.items() if name in frame.columns}
    return [expected for name, column in present.items() for expected in _of_column(name, column)]


def _of_column(name: str, column: Column) -> Iterator[Expected]:
    if not column.nullable:
        yield Expected(f"{name} is not null", gxe.ExpectColumnValuesToNotBeNull(column=name))
    if column.values:
        check = gxe.ExpectColumnValuesToBeInSet(column=name, value_set=list(column.values))
        yield Expected(f"{name} is one of {', '.join(column.values)}", check)
    if column.least is not None or column.greatest is not None:
        check = gxe.ExpectColumnValuesToBeBetween(column=name, min_value=column.least, max_value=column.greatest)
        bounds = f"at least {column.least:g}" if column.greatest is None else f"{column.least:g} to {column.greatest:g}"
        yield Expected(f"{name} is {bounds}", check)


def _unique(key: Sequence[str], says: str) -> Expected:
    names = ", ".join(key)
    return Expected(
        says,
        gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(column=KEY_HASH, min_value=1),
        detail=gxe.UnexpectedRowsExpectation(
            unexpected_rows_query=f"SELECT {names}, count(*) AS n FROM {{batch}} GROUP BY {names} HAVING count(*) > 1",
            description=says,
        ),
    )


def _from_rule(rule: Rule) -> Expected:
    check = gxe.UnexpectedRowsExpectation(unexpected_rows_query=rule.broken, description=rule.says)
    return Expected(rule.says, check, rule.severity)


def _key_of(rows: DataFrame, table: Table) -> list[str]:
    return [name for name in table.key if name in rows.columns]
