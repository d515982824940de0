"""The partitions of tables: a hash that never changes, and the parts and buckets of the tables that jobs publish."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from math import ceil

from conf.schema import Table
from conf.tables import PERIOD_KEY
from conf.topic import Topic

MOST_BUCKETS = 4096


def bucket_of(key: str, buckets: int) -> int:
    """Returns a key's bucket: CRC-32 of its UTF-8 bytes modulo `buckets`. Spark's `crc32` returns the same hash."""
    return zlib.crc32(key.encode()) % buckets


def period_buckets(topic: Topic, period: str, start: datetime, end: datetime) -> int:
    """Returns the number of buckets of one period of author_activity, graph_nodes or graph_edges.

    A day has the topic's `buckets`. An hour has an eighth of that number, rounded up, since it is assumed to have at
    most an eighth of a busy day's posts. A window has `buckets` for each of its days (rounded up), but at most
    MOST_BUCKETS. The number depends only on the topic and the period, so a rerun gets the same number.
    """
    if period == "hour":
        return ceil(topic.buckets / 8)
    if period == "day":
        return topic.buckets
    days = max(1, ceil((end - start) / timedelta(days=1)))
    return min(MOST_BUCKETS, topic.buckets * days)


def parts_of(table: Table, topic: Topic) -> tuple[str, ...]:
    """Returns the values of the table's `part` column in a topic: the ids of its races, or its graphs.

    A table without such a column has one part, the empty text.
    """
    if not table.part:
        return ("",)
    if table.part == "graph":
        return topic.graph.made
    return table.columns[table.part].values or tuple(race.id for race in topic.races)


def spread(
    table: Table, topic: Topic, period: str, start: datetime, end: datetime
) -> Iterator[Mapping[str, int | str]]:
    """Yields the partitions of one part and period of a bulk table, as values of the column `bucket` or `measure`."""
    told = {"topic", table.part, *PERIOD_KEY, "run_id"}
    names = [name for name in table.partition if name not in told]
    buckets = range(period_buckets(topic, period, start, end))
    choices: list[Sequence[int | str]] = [buckets if n == "bucket" else table.columns[n].values for n in names]
    for values in product(*choices):
        yield dict(zip(names, values, strict=True))
