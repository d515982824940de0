"""How rows spread over partitions: the stable hash, and how many partitions a period of a summary has."""

import zlib
from datetime import datetime, timedelta
from math import ceil

from conf.topic import Topic

MOST_BUCKETS = 4096


def bucket_of(key: str, buckets: int) -> int:
    """The stable hash that spreads rows: CRC-32 of the key's UTF-8, modulo the buckets. Spark's `crc32` agrees."""
    return zlib.crc32(key.encode()) % buckets


def period_buckets(topic: Topic, period: str, start: datetime, end: datetime) -> int:
    """Partitions that a period of author_activity, graph_nodes or graph_edges has.

    A topic's `buckets` are sized for a day of posts. An hour is taken to hold an eighth of a busy day, and a window is
    as many days as it touches. It follows from the topic and the period alone, so a rerun finds what the last wrote.
    """
    if period == "hour":
        return ceil(topic.buckets / 8)
    if period == "day":
        return topic.buckets
    days = max(1, ceil((end - start) / timedelta(days=1)))
    return min(MOST_BUCKETS, topic.buckets * days)
