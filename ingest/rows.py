"""From a Post to its row in `posts`, encoded as Cassandra's native protocol (v5) takes it.

The driver's own binding costs more than parsing does, so the hot path encodes by the declared types itself; a test
holds it to the driver's encoding.
"""

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cassandra.query import UNSET_VALUE

from conf.folding import words_of
from conf.tables import POSTS
from conf.topic import Topic
from ingest.post import InvalidMessage, Post

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal() - 2**31
_MILLISECOND = timedelta(milliseconds=1)
_INT, _BIGINT, _DOUBLE, _DATE = (struct.Struct(f">{code}").pack for code in "iqdI")


@dataclass(frozen=True, slots=True)
class Row:
    """An encoded row: the partition it falls in, and a value a column, in declared order; `size` in bytes."""

    partition: tuple[str, date, int]
    values: list[Any]
    size: int


def bucket_of(key: str, buckets: int) -> int:
    """The stable hash that spreads rows: CRC-32 of the key's UTF-8, modulo the buckets. Spark's `crc32` agrees."""
    return zlib.crc32(key.encode()) % buckets


def row_of(post: Post, topic: Topic) -> Row:
    """The row of a post in a topic. What is unknown stays unset: a bound null would write a tombstone.

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


def bigint(value: int) -> bytes:
    """A 64-bit integer, such as a write time in µs."""
    return _BIGINT(value)


def _timestamp(at: datetime) -> bytes:
    return _BIGINT((at - _EPOCH) // _MILLISECOND)


def _day(day: date) -> bytes:
    return _DATE(day.toordinal() - _EPOCH_DAY)


def _texts(values: Iterable[str]) -> bytes:
    encoded = [value.encode() for value in values]
    return b"".join([_INT(len(encoded)), *[part for value in encoded for part in (_INT(len(value)), value)]])


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "text": str.encode,
    "int": _INT,
    "bigint": _BIGINT,
    "double": _DOUBLE,
    "boolean": struct.Struct(">?").pack,
    "timestamp": _timestamp,
    "date": _day,
    "frozen<list<text>>": _texts,
    "set<text>": _texts,
}
_PLAN = [(name, _ENCODERS[column.cql]) for name, column in POSTS.columns.items()]
