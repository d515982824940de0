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
