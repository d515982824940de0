"""From a Post to its row in `posts`: the partition it falls in and its columns in declared order."""

import zlib
from typing import Any

from cassandra.query import UNSET_VALUE

from conf.folding import words_of
from conf.tables import POSTS
from conf.topic import Topic
from ingest.post import Post

_FROM_POST = tuple(name for name in POSTS.columns if name not in ("topic", "day", "bucket", "words"))
_LISTS = ("hashtags", "mentions", "urls")


def bucket_of(key: str, buckets: int) -> int:
    """The stable hash that spreads rows: CRC-32 of the key's UTF-8, modulo the buckets. Spark's `crc32` agrees."""
    return zlib.crc32(key.encode()) % buckets


def row_of(post: Post, topic: Topic) -> tuple[Any, ...]:
    """The row as the prepared insert takes it. What is unknown stays unset: a bound null would write a tombstone."""
    words = words_of(post.folded)
    words.update(f"#{tag}" for tag in post.hashtags)
    derived = {
        "topic": topic.topic,
        "day": topic.day_of(post.event_at),
        "bucket": bucket_of(post.post_id, topic.buckets),
        "words": words or UNSET_VALUE,
    }
    return tuple(derived[name] if name in derived else _value(post, name) for name in POSTS.columns)


def _value(post: Post, name: str) -> Any:
    value = getattr(post, name)
    return UNSET_VALUE if value is None or value == [] else value


assert set(_FROM_POST) <= {*Post.__dataclass_fields__, "kind"}
