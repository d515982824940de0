"""Reads partitions of a table in parallel, and no others.

A small frame of partition keys is joined to the table; the connector plans that as a Cassandra Direct Join, so
that each task fetches its own partitions. A filter on days and buckets would be one task, a scan the whole table.

The posts are kept (persisted) once read. Checks and transforms share them, and the connector's join must not stand
under an exchange: Spark's adaptive planner compares plans there, which that join does not survive (connector 3.5.1:
"Couldn't find none#0").
"""

from collections.abc import Sequence

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.buckets import period_buckets
from conf.schema import Table
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, POSTS
from conf.topic import Topic
from jobs.framework.window import Window
from jobs.measures.periods import instant

TASKS_A_CORE = 4


def stored_posts(
    spark: SparkSession, settings: Settings, topic: Topic, span: Window, columns: Sequence[str]
) -> DataFrame:
    """Every post of the partitions that a span of time touches, as stored; persisted, for the caller to release.

    With the columns asked for come those of the key, and `event_at`.
    """
    wanted = dict.fromkeys((*POSTS.key, "event_at", *columns))
    keys = post_keys(spark, topic, span)
    return _joined(spark, settings, POSTS, keys).select(*wanted).persist(StorageLevel.MEMORY_AND_DISK)


def within(posts: DataFrame, span: Window, columns: Sequence[str]) -> DataFrame:
    """The posts whose event time lies in a span, with just the columns asked for."""
    inside = (F.col("event_at") >= instant(span.start)) & (F.col("event_at") < instant(span.end))
    return posts.where(inside).select(*columns)


def post_keys(spark: SparkSession, topic: Topic, span: Window) -> DataFrame:
    """One row a partition of `posts`: topic, day, bucket; spread over the tasks that will read them."""
    days = span.days()
    day_number = F.floor(F.col("id") / topic.buckets).cast("int")
    return _numbered(spark, len(days) * topic.buckets).select(
        _text(topic.topic).alias("topic"),
        F.date_add(F.lit(days[0].isoformat()).cast("date"), day_number).alias("day"),
        (F.col("id") % topic.buckets).cast("int").alias("bucket"),
    )


def activity_in(
    spark: SparkSession, settings: Settings, topic: Topic, span: Window, columns: Sequence[str]
) -> DataFrame:
    """What the run of author_activity over `span` says of each author over that window; persisted, for the caller to
    release."""
    keys = _numbered(spark, period_buckets(topic, "window", span.start, span.end)).select(
        _text(topic.topic).alias("topic"),
        _text("window").alias("period"),
        _when_any(instant(span.start)).alias("period_start"),
        _when_any(instant(span.end)).alias("period_end"),
        F.col("id").cast("int").alias("bucket"),
    )
    return _joined(spark, settings, AUTHOR_ACTIVITY, keys).select(*columns).persist(StorageLevel.MEMORY_AND_DISK)


def _joined(spark: SparkSession, settings: Settings, table: Table, keys: DataFrame) -> DataFrame:
    rows = (
        spark.read.format("org.apache.spark.sql.cassandra")
        .options(keyspace=settings.keyspace, table=table.name, directJoinSetting="on")
        .load()
    )
    return keys.join(rows, on=list(table.partition), how="inner")


def _numbered(spark: SparkSession, keys: int) -> DataFrame:
    tasks = min(keys, spark.sparkContext.defaultParallelism * TASKS_A_CORE)
    return spark.range(0, keys, 1, tasks)


def _text(value: str) -> Column:
    return _when_any(F.lit(value))


def _when_any(value: Column) -> Column:
    """A value that Spark takes for no literal: one would become a filter on the key, and the direct join be lost."""
    return F.when(F.col("id") >= 0, value)
