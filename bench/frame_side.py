"""`python -m bench.frame_side SIDE`: reads all posts of the month into a frame in one way, and prints what it took.

The sides: `tuples`, as a person would do it with the driver; `cassandra` and `mirror`, by `readers.posts`.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pandas as pd

from bench.month import TOPIC
from conf.schema import bound
from conf.settings import load_settings
from conf.tables import POSTS
from conf.topic import load_topic
from readers import posts
from readers.whole_days.stored_posts import READS, USUAL, stored_days
from stores.connect import cassandra_session
from stores.execute import in_flight
from stores.prepare import prepared

PAGE = 5000
"""Rows of a page of named tuples: the driver's own default."""


class Took(msgspec.Struct):
    """What a side took. `digest` has sums over the frame, which must be the same on all sides."""

    seconds: float
    cpu: float
    read_from: dict[str, int]
    digest: list[int]


def tuples() -> pd.DataFrame:
    """Returns the posts as the driver's named tuples made into a DataFrame, several partitions at once."""
    settings = load_settings()
    topic = load_topic(TOPIC, settings.topics_dir)
    with cassandra_session(settings) as session:
        names = ", ".join(USUAL)
        where = bound(POSTS.partition)
        statement = prepared(session, f"SELECT {names} FROM {settings.keyspace}.{POSTS.name} WHERE {where}")
        statement.fetch_size = PAGE
        days = stored_days(session, settings.keyspace, topic)
        keys = [(topic.topic, day, bucket) for day in days for bucket in range(topic.buckets)]
        sent = in_flight(keys, lambda key: session.execute_async(statement, key), READS)
        rows = [row for _, future in sent for row in future.result()]
    frame = pd.DataFrame(rows, columns=list(USUAL))
    frame["event_at"] = pd.to_datetime(frame["event_at"], utc=True)
    return frame


SIDES: dict[str, Callable[[], Any]] = {
    "tuples": tuples,
    "cassandra": lambda: posts(TOPIC, mirror=False),
    "mirror": lambda: posts(TOPIC),
}


def digest(frame: pd.DataFrame) -> list[int]:
    """Returns the number of rows, and sums that would differ if a value did."""
    texts = frame["text"].astype("string").str.len().sum()
    tags = frame["hashtags"].explode().notna().sum()
    at = frame["event_at"].dt.as_unit("ms").astype("int64").sum()
    return [len(frame), int(frame["author_followers"].sum()), int(texts), int(tags), int(at)]


if __name__ == "__main__":
    cpu, began = time.process_time(), time.perf_counter()
    made = SIDES[sys.argv[1]]()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    took = Took(seconds, used, made.attrs.get("read_from", {}), digest(made))
    sys.stdout.buffer.write(msgspec.json.encode(took))
