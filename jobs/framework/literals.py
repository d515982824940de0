"""Constants as Spark columns."""

from datetime import datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from conf.instants import micros


def instant(at: datetime) -> Column:
    """Returns a UTC instant as a literal, whatever the session's time zone is."""
    return F.timestamp_micros(F.lit(micros(at)))


def hidden(constant: Column, beside: str) -> Column:
    """Hides a constant from Spark's planner, since a pushed-down literal would disable the direct join.

    `beside` is a column of the same frame that holds whole numbers, 0 or more.
    """
    return F.when(F.col(beside) >= 0, constant)


def evaluated_once(column: Column) -> Column:
    """Returns a column with the same values that Spark evaluates once per row.

    Spark copies a column's expression into a filter that uses the column, and evaluates it there again. It does not
    copy what it takes for random, and it takes a row's number for random. Use this for a column that is costly.
    """
    return F.when(F.monotonically_increasing_id() >= 0, column)
