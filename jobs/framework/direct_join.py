"""Reads only some chosen partitions of a table, in parallel.

A small frame of partition keys is joined to the table. The connector plans this as a Cassandra Direct Join, so each
task fetches its own partitions. A filter on days and buckets would run as one single task, and a scan would read the
whole table.

Persist the frame before any other use. In Spark's plan, the join must not be below an exchange (a shuffle): Spark's
adaptive planner would compare plans there, and fail (connector 3.5.1: "Couldn't find none#0").

A span of a few hours is read by ranges of ids within its partitions, where ids tell the time (`stores/untimed.py`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import reduce
from itertools import groupby

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.schema import Table
from conf.settings import Settings
from conf.snowflakes import ids_between
from conf.tables import NETWORKS, POSTS
from conf.topic import Topic
from jobs.framework.literals import hidden, instant
from jobs.framework.window import Window

TASKS_A_CORE = 4
PART_OF_DAYS = 0.75
"""A span is read by ranges of ids if it is at most this part of the days that it touches. Ranges take one request per
network and partition, whole partitions only one request."""


def stored_posts(
    spark: SparkSession,
    settings: Settings,
    topic: Topic,
    span: Window,
    columns: Sequence[str | Column],
    buckets: Mapping[date, int],
    timed: Collection[str] = (),
) -> DataFrame:
    """Returns at least all posts whose event time lies in a span: those of its partitions, or of ranges of ids in them.

    The columns are the primary key, `event_at` and `columns`, which name columns of the table or compute further ones.
    The frame is persisted; the caller must unpersist it. It is kept on disk, in the system's cache of files rather than
    in Java's memory, so that memory does not grow with it.
    `buckets` has the number of partitions of each of the span's days. `timed` names the networks of which every post in
    these partitions has an id that tells its event time.
    """
    names = dict.fromkeys((*POSTS.key, "event_at", *(one for one in columns if isinstance(one, str))))
    computed = [one for one in columns if isinstance(one, Column)]
    keys, rows = post_keys(spark, topic.topic, buckets), table_rows(spark, settings, POSTS)
    parts = [joined(keys, some, POSTS) for some in _parts(rows, span, timed)]
    return reduce(DataFrame.unionByName, parts).select(*names, *computed).persist(StorageLevel.DISK_ONLY)


def _parts(rows: DataFrame, span: Window, timed: Collection[str]) -> Iterator[DataFrame]:
    """Yields the table, or its posts by network, restricted to a range of ids where ids tell the time."""
    bounds = {name: ids_between(name, span.start, span.end) for name in timed}
    if (span.end - span.start) / (timedelta(days=1) * len(span.days())) > PART_OF_DAYS or not any(bounds.values()):
        yield rows
        return
    for network in NETWORKS:
        of_network = rows.where(F.col("source") == network)
        if ids := bounds.get(network):
            of_network = of_network.where((F.col("post_id") >= ids[0]) & (F.col("post_id") < ids[1]))
        yield of_network


def within(posts: DataFrame, span: Window, columns: Sequence[str]) -> DataFrame:
    """Returns the posts whose event time lies in a span, with only these columns."""
    return posts.where(lies_in(span)).select(*columns)


def lies_in(span: Window) -> Column:
    """Returns whether a post's event time lies in a span."""
    return (F.col("event_at") >= instant(span.start)) & (F.col("event_at") < instant(span.end))


def post_keys(spark: SparkSession, topic: str, buckets: Mapping[date, int]) -> DataFrame:
    """Returns one row (topic, day, bucket) per partition of `posts`, distributed over the tasks that will read them.

    `buckets` has the number of partitions of each day; the days follow each other.
    """
    total, day, bucket = 0, F.lit(None).cast("date"), F.lit(None).cast("int")
    for count, run in groupby(sorted(buckets), key=buckets.__getitem__):
        days = list(run)
        here, number = F.col("id") >= total, F.col("id") - total
        of_run = F.date_add(F.lit(days[0].isoformat()).cast("date"), F.floor(number / count).cast("int"))
        day = F.when(here, of_run).otherwise(day) if total else of_run
        bucket = F.when(here, number % count).otherwise(bucket) if total else number % count
        total += count * len(days)
    return numbered(spark, total).select(
        hidden(F.lit(topic), "id").alias("topic"), day.alias("day"), bucket.cast("int").alias("bucket")
    )


def joined(keys: DataFrame, rows: DataFrame, table: Table) -> DataFrame:
    """Returns the rows of the partitions in `keys`; each task reads the partitions of the keys that it has.

    `rows` is the table, as `table_rows` returns it, or with conditions on its clustering columns.
    """
    return keys.join(rows, on=list(table.partition), how="inner")


def table_rows(spark: SparkSession, settings: Settings, table: Table) -> DataFrame:
    """Returns a table, to be joined with partition keys."""
    return (
        spark.read.format("org.apache.spark.sql.cassandra")
        .options(keyspace=settings.keyspace, table=table.name, directJoinSetting="on")
        .load()
    )


def numbered(spark: SparkSession, keys: int) -> DataFrame:
    """Returns a frame of `id`, 0 to `keys` - 1, in at most TASKS_A_CORE tasks per core."""
    tasks = max(1, min(keys, spark.sparkContext.defaultParallelism * TASKS_A_CORE))
    return spark.range(0, keys, 1, tasks)
