"""The partitions of tables: a hash that never changes, and the parts and buckets of the tables that jobs publish."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from math import ceil

from conf.schema import Table
from conf.tables import PERIOD_KEY
from conf.topic import MOST_BUCKETS_A_DAY, Topic

MOST_BUCKETS = 4096
ROWS_A_PARTITION = 100_000
"""The most rows that a partition of posts should have.

Cassandra's advice is 100,000 rows or 100 MB, whichever comes first. The values of a row of `posts` are 370 bytes in the
generated election, and 430 to 720 in captures of X (longest: 1,806). So 100,000 rows have 37 to 72 MB.
"""


def bucket_of(key: str, buckets: int) -> int:
    """Returns a key's bucket: CRC-32 of its UTF-8 bytes modulo `buckets`. Spark's `crc32` returns the same hash."""
    return zlib.crc32(key.encode()) % buckets


def period_buckets(buckets: int, period: str, start: datetime, end: datetime) -> int:
    """Returns the number of partitions of one period of author_activity, graph_nodes or graph_edges.

    `buckets` are the topic's in the run that writes the rows (`stores.layout.buckets_of_run`). A day has `buckets`. An
    hour has an eighth of that number, rounded up, since it is assumed to have at most an eighth of a busy day's posts.
    A window has `buckets` for each of its days (rounded up), but at most MOST_BUCKETS.
    """
    if period == "hour":
        return ceil(buckets / 8)
    if period == "day":
        return buckets
    days = max(1, ceil((end - start) / timedelta(days=1)))
    return min(MOST_BUCKETS, buckets * days)


def buckets_for(posts: int) -> int:
    """Returns the `buckets` that days of up to so many posts need: their partitions are half full, at most.

    So a day may have twice as many posts before a partition has more than ROWS_A_PARTITION.
    """
    return min(MOST_BUCKETS_A_DAY, max(1, ceil(2 * posts / ROWS_A_PARTITION)))


def buckets_advised(posts: int, buckets: int) -> int:
    """Returns to what a topic's `buckets` should be set, judged by its busiest day's posts; the same if they fit.

    They are too few once a partition is more than half full. They are too many at four times what is needed: a read of
    a day asks each of its partitions.
    """
    needed = buckets_for(posts)
    return needed if needed > buckets or buckets >= 4 * needed else buckets


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
    table: Table, buckets: int, period: str, start: datetime, end: datetime
) -> Iterator[Mapping[str, int | str]]:
    """Yields the partitions of one part and period of a bulk table, as values of the column `bucket` or `measure`.

    `buckets` are the topic's in the run that wrote the rows.
    """
    told = {"topic", table.part, *PERIOD_KEY, "run_id"}
    names = [name for name in table.partition if name not in told]
    of_period = range(period_buckets(buckets, period, start, end))
    choices: list[Sequence[int | str]] = [of_period if n == "bucket" else table.columns[n].values for n in names]
    for values in product(*choices):
        yield dict(zip(names, values, strict=True))
