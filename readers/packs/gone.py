"""Which posts of a pack do not stand in the store any more: deleted since, hidden, or past the topic's retention.

An archive that is kept lawfully must lose these posts, too. The store is asked, day after day; a post that is deleted
on its network is deleted there. What is in memory is one day of the pack.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.schema import bound
from conf.tables import POSTS, TOPIC_LAYOUT
from conf.topic import Topic
from readers.packs.packed_ids import Packed
from readers.packs.pseudonyms import Pseudonyms
from stores.execute import in_flight
from stores.layout import DayLayouts, check_layout
from stores.prepare import prepared
from stores.refused import silence_told

READS, PAGE = 8, 5000
Gone = tuple[date, str, str]
"""The day, the network and the id (or the pseudonym) of a post that is not stored any more."""


def posts_gone(
    session: Session,
    keyspace: str,
    topic: Topic,
    packed: Iterable[Packed],
    made: Pseudonyms | None = None,
    on_day: Callable[[int], None] = lambda _: None,
) -> Iterator[Gone]:
    """Yields the posts of a pack that are not stored, by day. `made` makes the pseudonyms of a pack that has these.

    `on_day` is called with the number of posts of each day. Raises PulsoError if nothing is known of the topic here, or
    if the pack is not in the order of days, StoreDown if Cassandra does not answer.
    """
    recorded = prepared(session, f"SELECT topic FROM {keyspace}.{TOPIC_LAYOUT.name} WHERE topic = ?")
    if session.execute(recorded, (topic.topic,)).one() is None:
        what = f"no post of {topic.topic} has been stored here, so deletions can't be told"
        raise PulsoError(what, "Ask who made the pack, or check the files alone: --files")
    check_layout(session, keyspace, topic)
    layouts = DayLayouts(session, keyspace)
    statement = prepared(session, f"SELECT source, post_id FROM {keyspace}.{POSTS.name} WHERE {bound(POSTS.partition)}")
    statement.fetch_size = PAGE
    last = date.min
    with silence_told("See `make status`, and run it again"):
        for day, posts in groupby(packed, key=lambda post: post[0]):
            if day < last:
                raise PulsoError("the posts of the pack are not in the order of days", "Make the pack again")
            last, left = day, {(source, post_id): None for _, source, post_id in posts}
            count = len(left)
            buckets = layouts.of(topic.topic, [day], topic.buckets)[day]
            for key in _stored(session, statement, (topic.topic, day, buckets), made):
                left.pop(key, None)
            yield from ((day, *key) for key in left)
            on_day(count)


def _stored(
    session: Session, statement: Any, of_day: tuple[str, date, int], made: Pseudonyms | None
) -> Iterator[tuple[str, str]]:
    """Yields network and id (or the pseudonym) of each stored post of a topic's day with so many partitions."""
    topic, day, buckets = of_day
    send = lambda bucket: session.execute_async(statement, (topic, day, bucket))  # noqa: E731
    for _, future in in_flight(range(buckets), send, READS):
        for row in future.result():
            shown = made.post(row.source, row.post_id) if made else row.post_id
            yield row.source, shown or ""
