"""Posts with any values in any columns, stored without a worker, for tests of those who read whole days."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cassandra.cluster import Session
from cassandra.query import UNSET_VALUE

from conf.partitions import bucket_of
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from stores.execute import execute_all
from stores.prepare import prepared

TEXTS = ("", "a", "twelve bytes", "Grâce 東京 مرحبا Işık 👩‍👩‍👧 ﷽", "x" * 500, "\0\n\t", "é" * 300)
FIRST = datetime(2016, 5, 1, 16, tzinfo=UTC)
"""The start of a day in Manila."""


def drawn_posts(topic: Topic, number: int, seed: int = 7, days: int = 3) -> Iterator[dict[str, Any]]:
    """Yields posts of some days; each value that may be missing is missing at times."""
    draw = random.Random(seed)
    for count in range(number):
        at = FIRST + timedelta(seconds=draw.randrange(days * 86_400), milliseconds=draw.randrange(1000))
        post_id = f"{count:08d}"
        row = {n: None if draw.random() < 0.3 else _value(column.cql, draw) for n, column in POSTS.columns.items()}
        row |= {"topic": topic.topic, "day": topic.day_of(at), "bucket": bucket_of(post_id, topic.buckets)}
        row |= {"source": draw.choice(("x", "bluesky", "mastodon")), "post_id": post_id, "event_at": at}
        yield row | {"author_id": str(draw.randrange(50)), "kind": draw.choice(("original", "retweet", "reply"))}


def _value(cql: str, draw: random.Random) -> Any:
    if cql == "text":
        return draw.choice(TEXTS)
    if cql == "frozen<list<text>>":
        return [draw.choice(TEXTS) for _ in range(draw.choice((0, 1, 1, 2, 3, 9)))]
    numbers = {"bigint": draw.choice((0, -1, 2**62, 17)), "double": draw.choice((0.0, -121.5, 1e300))}
    others = {"boolean": draw.random() < 0.5, "timestamp": datetime(1971, 1, 1, tzinfo=UTC), "int": 1}
    return (numbers | others).get(cql)


def store_posts(session: Session, settings: Settings, posts: Iterator[dict[str, Any]], ttl: int = 0) -> int:
    """Stores posts, with a lifetime in seconds (0: for ever); returns their number."""
    insert = prepared(session, POSTS.insert(settings.keyspace, ttl=True))
    rows = ([UNSET_VALUE if row[name] is None else row[name] for name in POSTS.columns] for row in posts)
    return execute_all(session, (insert.bind([*row, ttl]) for row in rows), 60)
