"""How full the partitions of a topic's newest days are, and what that says of the `buckets` in its file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from cassandra.cluster import Session

from conf.partitions import ROWS_A_PARTITION, buckets_advised
from conf.schema import bound
from conf.tables import POSTS
from conf.topic import Topic
from stores.execute import in_flight
from stores.layout import DayLayouts
from stores.prepare import prepared
from stores.refused import silence_told

COUNTED = 2
"""Partitions that are counted of each day. The hash of the ids spreads posts evenly, so the others are as full."""
AT_ONCE = 4
TIMEOUT = 60.0
"""Seconds that the count of one partition may take."""


@dataclass(frozen=True, slots=True)
class DayRows:
    """A day's partitions: how many, the rows of the fullest that was counted, and about how many posts all have."""

    day: date
    buckets: int
    rows: int
    posts: int


def day_rows(session: Session, keyspace: str, topic: Topic, days: int) -> list[DayRows]:
    """Returns the newest days with posts, newest first, at most `days`. Raises StoreDown if Cassandra does not answer.

    Counts COUNTED partitions of each.
    """
    layout = DayLayouts(session, keyspace).newest(topic.topic, days)
    counts: dict[date, list[int]] = {day: [] for day in layout}
    query = f"SELECT count(*) FROM {keyspace}.{POSTS.name} WHERE {bound(POSTS.partition)}"
    count = prepared(session, query)
    places = [(day, bucket) for day, buckets in layout.items() for bucket in range(min(COUNTED, buckets))]
    send = lambda place: session.execute_async(count, (topic.topic, *place), timeout=TIMEOUT)  # noqa: E731
    told = silence_told("See `make status`, or count fewer --days")
    with told, closing(in_flight(places, send, AT_ONCE)) as sent:
        for (day, _), future in sent:
            counts[day].append(future.result().one()[0])
    return list(_days(layout, counts))


def _days(layout: Mapping[date, int], counts: Mapping[date, Sequence[int]]) -> Iterator[DayRows]:
    for day, buckets in layout.items():
        counted = counts[day]
        yield DayRows(day, buckets, max(counted), round(sum(counted) / len(counted) * buckets))


def judgement(topic: Topic, days: Sequence[DayRows]) -> Iterator[str]:
    """Yields lines that say when the file's `buckets` begin to hold, and whether they should be changed."""
    if not days:
        yield f"no post of {topic.topic} is stored yet; its file says buckets: {topic.buckets}"
        return
    if topic.buckets != days[0].buckets:
        yield (
            f"the file says buckets: {topic.buckets}. That holds from the next day on of which no post is stored yet, "
            "once all workers were started again; earlier days stay as they are"
        )
    busiest = max(days, key=lambda each: each.posts)
    advised = buckets_advised(busiest.posts, topic.buckets)
    rows = busiest.posts / topic.buckets
    told = f"with {topic.buckets:,} buckets, a day as {busiest.day} has {rows:,.0f} rows a partition"
    if advised > topic.buckets:
        yield f"raise buckets to {advised:,}: {told}; at most {ROWS_A_PARTITION:,} are advised, and a day may double"
    elif advised < topic.buckets:
        yield f"buckets can be lowered to {advised:,}: {told}, and each read of a day asks each of its partitions"
    else:
        yield f"buckets fit: {told}; at most {ROWS_A_PARTITION:,} are advised"
