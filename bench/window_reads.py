"""`python -m bench.window_reads ROUNDS`: reads one week by direct join and by scan; prints seconds as JSON on stdout.

It is a process of its own, since a process has only one Spark session. Both reads end in a count of a persisted frame,
so Spark reads every column.
"""

import sys
import time
from collections.abc import Callable
from datetime import timedelta

import orjson
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.lab import TOPIC
from conf.errors import PulsoError, exit_code_of
from conf.settings import Settings, load_settings
from conf.tables import POSTS
from conf.topic import load_topic
from corpus import CAMPAIGN
from jobs.candidate_poll import JOB
from jobs.framework.direct_join import stored_posts
from jobs.framework.inputs import posts_of
from jobs.framework.literals import instant
from jobs.framework.spark import spark_session
from jobs.framework.window import Window

COLUMNS = [*POSTS.key, *posts_of(JOB).columns]
MIDDLE = timedelta(weeks=8)
"""From the campaign's start to the start of the week: the week is busier than the first and calmer than the last."""


def main(rounds: int) -> None:
    """Reads the week in both ways in turn, first untimed, and prints the seconds of each read.

    Raises PulsoError where the two find different numbers of posts.
    """
    settings = load_settings()
    topic = load_topic(TOPIC, settings.topics_dir)
    start = CAMPAIGN[0] + MIDDLE
    week = Window(start, start + timedelta(weeks=1), topic.zone)
    spark = spark_session("bench", settings)
    reads: dict[str, Callable[[], DataFrame]] = {
        "join": lambda: stored_posts(spark, settings, topic, week, COLUMNS, dict.fromkeys(week.days(), topic.buckets)),
        "scan": lambda: scanned(spark, settings, week, COLUMNS),
    }
    seconds: dict[str, list[float]] = {name: [] for name in reads}
    posts = set[int]()
    for number in range(rounds + 1):
        for name, read in reads.items():
            took, count = timed(read)
            posts.add(count)
            if number:
                seconds[name].append(took)
    if len(posts) != 1:
        raise PulsoError(f"two reads of the same week found {' and '.join(f'{n:,}' for n in sorted(posts))} posts")
    print(orjson.dumps({**seconds, "posts": posts.pop()}).decode())


def scanned(spark: SparkSession, settings: Settings, window: Window, columns: list[str]) -> DataFrame:
    """Returns the posts of a window by a scan of the table, with a filter on `day` that Cassandra can't take."""
    days = window.days()
    return (
        spark.read.format("org.apache.spark.sql.cassandra")
        .options(keyspace=settings.keyspace, table=POSTS.name)
        .load()
        .where((F.col("day") >= F.lit(days[0])) & (F.col("day") <= F.lit(days[-1])))
        .where((F.col("event_at") >= instant(window.start)) & (F.col("event_at") < instant(window.end)))
        .select(*columns)
        .persist(StorageLevel.MEMORY_AND_DISK)
    )


def timed(read: Callable[[], DataFrame]) -> tuple[float, int]:
    """Returns the seconds that a read takes to return all its posts, and their number."""
    began = time.monotonic()
    posts = read()
    count = posts.count()
    seconds = time.monotonic() - began
    posts.unpersist(blocking=True)
    return seconds, count


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(int(sys.argv[1]))))
