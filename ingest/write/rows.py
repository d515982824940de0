"""Turns a Post into its row in `posts`, encoded for Cassandra."""

import struct
from dataclasses import dataclass
from datetime import date
from typing import Any

from cassandra.query import UNSET_VALUE

from conf.folding import words_of
from conf.partitions import bucket_of
from conf.tables import POSTS
from conf.topic import Topic
from ingest.formats.post import InvalidMessage, Post
from stores.encoding import ENCODERS


@dataclass(frozen=True, slots=True)
class Row:
    """An encoded row: its partition, one value for each declared column in order, and its size in bytes."""

    partition: tuple[str, date, int]
    values: list[Any]
    size: int


def row_of(post: Post, topic: Topic) -> Row:
    """Returns the row of a post in a topic.

    Unknown values stay unset, since Cassandra would store a null as a deletion mark (tombstone).

    Raises InvalidMessage for a number or date that Cassandra can't hold.
    """
    words = words_of(post.folded)
    words.update(f"#{tag}" for tag in post.hashtags)
    try:
        day = topic.day_of(post.event_at)
        bucket = bucket_of(post.post_id, topic.buckets)
        derived = {"topic": topic.topic, "day": day, "bucket": bucket, "words": words}
        values, size = [], 0
        for name, encode in _PLAN:
            value = derived[name] if name in derived else getattr(post, name)
            if not value and value != 0:
                values.append(UNSET_VALUE)
                continue
            encoded = encode(value)
            values.append(encoded)
            size += len(encoded)
    except (struct.error, OverflowError) as error:
        raise InvalidMessage(f"out of range: {error}") from None
    return Row((topic.topic, day, bucket), values, size)


_PLAN = [(name, ENCODERS[column.cql]) for name, column in POSTS.columns.items()]
