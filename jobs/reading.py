"""Reads the window's partitions of `posts` in parallel, and no others.

A small frame of partition keys is joined to the table; the connector plans that as a Cassandra Direct Join, so
that each task fetches its own partitions. A filter on days and buckets would be one task, a scan the whole table.

The posts are kept (persisted) once read. Checks and transforms share them, and the connector's join must not stand
under an exchange: Spark's adaptive planner compares plans there, which that join does not survive (connector 3.5.1:
"Couldn't find none#0").
"""

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from jobs.periods import instant
from jobs.window import Window

TASKS_A_CORE = 4


def posts_in(spark: SparkSession, settings: Settings, topic: Topic, window: Window, columns: list[str]) -> DataFrame:
    """The posts of a window with the columns asked for, `event_at` among them; persisted, for the caller to release."""
    table = (
        spark.read.format("org.apache.spark.sql.cassandra")
        .options(keyspace=settings.keyspace, table=POSTS.name, directJoinSetting="on")
        .load()
    )
    return (
        partition_keys(spark, topic, window)
        .join(table, on=list(POSTS.partition), how="inner")
        .where((F.col("event_at") >= instant(window.start)) & (F.col("event_at") < instant(window.end)))
        .select(*columns)
        .persist(StorageLevel.MEMORY_AND_DISK)
    )


def partition_keys(spark: SparkSession, topic: Topic, window: Window) -> DataFrame:
    """One row a partition: topic, day, bucket; spread over the tasks that will read them."""
    days = window.days()
    keys = len(days) * topic.buckets
    tasks = min(keys, spark.sparkContext.defaultParallelism * TASKS_A_CORE)
    day_number = F.floor(F.col("id") / topic.buckets).cast("int")
    # A bare literal would be folded into a filter on topic, and the direct join lost with the key's first column.
    name = F.when(F.col("id") >= 0, F.lit(topic.topic))
    return spark.range(0, keys, 1, tasks).select(
        name.alias("topic"),
        F.date_add(F.lit(days[0].isoformat()).cast("date"), day_number).alias("day"),
        (F.col("id") % topic.buckets).cast("int").alias("bucket"),
    )
