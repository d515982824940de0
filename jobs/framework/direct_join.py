"""Reads only some chosen partitions of a table, in parallel.

A small frame of partition keys is joined to the table. The connector plans this as a Cassandra Direct Join, so each
task fetches its own partitions. A filter on days and buckets would run as one single task, and a scan would read the
whole table.

Persist the frame before any other use. In Spark's plan, the join must not be below an exchange (a shuffle): Spark's
adaptive planner would compare plans there, and fail (connector 3.5.1: "Couldn't find none#0").
"""

from collections.abc import Sequence

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.schema import Table
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from jobs.framework.literals import hidden, instant
from jobs.framework.window import Window

TASKS_A_CORE = 4


def stored_posts(
    spark: SparkSession, settings: Settings, topic: Topic, span: Window, columns: Sequence[str]
) -> DataFrame:
    """Returns all posts in the partitions that contain any part of a span of time.

    The columns are the primary key, `event_at` and `columns`. The frame is persisted; the caller must unpersist it.
    """
    wanted = dict.fromkeys((*POSTS.key, "event_at", *columns))
    keys = post_keys(spark, topic, span)
    return joined(spark, settings, POSTS, keys).select(*wanted).persist(StorageLevel.MEMORY_AND_DISK)


def within(posts: DataFrame, span: Window, columns: Sequence[str]) -> DataFrame:
    """Returns the posts whose event time lies in a span, with only these columns."""
    inside = (F.col("event_at") >= instant(span.start)) & (F.col("event_at") < instant(span.end))
    return posts.where(inside).select(*columns)


def post_keys(spark: SparkSession, topic: Topic, span: Window) -> DataFrame:
    """Returns one row (topic, day, bucket) per partition of `posts`, distributed over the tasks that will read them."""
    days = span.days()
    day_number = F.floor(F.col("id") / topic.buckets).cast("int")
    return numbered(spark, len(days) * topic.buckets).select(
        hidden(F.lit(topic.topic), "id").alias("topic"),
        F.date_add(F.lit(days[0].isoformat()).cast("date"), day_number).alias("day"),
        (F.col("id") % topic.buckets).cast("int").alias("bucket"),
    )


def joined(spark: SparkSession, settings: Settings, table: Table, keys: DataFrame) -> DataFrame:
    """Returns the rows of the partitions in `keys`; each task reads the partitions of the keys that it has."""
    rows = (
        spark.read.format("org.apache.spark.sql.cassandra")
        .options(keyspace=settings.keyspace, table=table.name, directJoinSetting="on")
        .load()
    )
    return keys.join(rows, on=list(table.partition), how="inner")


def numbered(spark: SparkSession, keys: int) -> DataFrame:
    """Returns a frame of `id`, 0 to `keys` - 1, in at most TASKS_A_CORE tasks per core."""
    tasks = max(1, min(keys, spark.sparkContext.defaultParallelism * TASKS_A_CORE))
    return spark.range(0, keys, 1, tasks)
