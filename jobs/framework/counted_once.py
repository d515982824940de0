"""A post that is stored under two days counts once, under the earlier event time.

This happens around midnight, if a post was collected twice and the two copies have different event times: those of two
hosts, or of two versions of the parser. It is a warning that names the posts (`expectations.py`).
"""

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from conf.tables import POSTS
from jobs.framework.expected import Checks

POST = POSTS.clustering
"""What a post is known by: its network and its id."""
ONE_DAY = "a post is stored under one day only"
"""The expectation, in words. Where it is broken, the functions below are used."""


def may_repeat(checks: Checks) -> bool:
    """Returns whether posts were found under two days, or could not be looked for."""
    return any(one.says == ONE_DAY and not one.success for one in checks.outcomes)


def counted_once(posts: DataFrame) -> DataFrame:
    """Returns posts without the later copies of a post. The frame is persisted; the caller must unpersist it."""
    copies = Window.partitionBy(*POST).orderBy(F.col("event_at").asc_nulls_last(), "day")
    numbered = posts.withColumn("copy", F.row_number().over(copies))
    return numbered.where(F.col("copy") == 1).drop("copy").persist(StorageLevel.MEMORY_AND_DISK)
