"""Turns a Post into its rows in POST_TABLES, encoded for Cassandra."""

import struct
from collections.abc import Callable, Iterable
from datetime import date, datetime
from operator import attrgetter
from typing import Any

import msgspec

from conf.folding import search_words
from conf.partitions import bucket_of
from conf.tables import POST_TABLES, POST_WORDS, POSTS
from conf.topic import Topic
from ingest.formats.post import InvalidMessage, Post
from ingest.queue.envelope import Message
from stores.encoded import PREFIX, UNSET, encoded_value, packed_int
from stores.encoding import ENCODERS


class Row(msgspec.Struct, frozen=True, gc=False):
    """A post's encoded rows, with their key, the post's event time, and their size in bytes.

    `key` has the values of POSTS.key. `posts` and `words` have the values of the columns of POSTS and POST_WORDS, in
    declared order, each as `encoded_value` returns it.
    """

    key: tuple[str, date, int, str, str]
    event_at: datetime
    posts: bytes
    words: bytes
    size: int

    @property
    def partition(self) -> tuple[str, date, int]:
        """The values of POSTS.partition."""
        return self.key[:3]


class Write(msgspec.Struct, frozen=True, gc=False):
    """A post's rows, the message they come from, and their write time in µs.

    `ttl` is their lifetime in seconds (0: for ever). A `hidden` post is stored where no job and no search looks.
    """

    message: Message
    row: Row
    time: int
    ttl: int = 0
    hidden: bool = False


def row_of(
    post: Post,
    topic: Topic,
    buckets_of: Callable[[Topic, date], int] = lambda topic, _: topic.buckets,
    *,
    words: bool = True,
) -> Row:
    """Returns the rows of a post in a topic; without `words`, none are computed, and they stay unset.

    `buckets_of` returns the number of partitions of a day; without it, the topic file's number is used, as it is for a
    topic of which nothing is stored. Its errors are passed on.

    Unknown values stay unset, since Cassandra would store a null as a deletion mark (tombstone).

    Raises InvalidMessage for a number or date that Cassandra can't hold.
    """
    found = search_words((post.folded, post.folded_cards, post.folded_alt), post.hashtags) if words else None
    try:
        day = topic.day_of(post.event_at)
        bucket = bucket_of(post.post_id, buckets_of(topic, day))
        values = _encoded((topic.topic, day, bucket, *_OF_POST(post)))
    except (struct.error, OverflowError) as error:
        raise InvalidMessage(f"out of range: {error}") from None
    posts = b"".join(values)
    of_words = b"".join([*values[:_KEY], encoded_value(_ENCODE_WORDS(found)) if found else UNSET])
    key = (topic.topic, day, bucket, post.source, post.post_id)
    return Row(key, post.event_at, posts, of_words, len(posts) + len(of_words) - PREFIX * _VALUES)


def _encoded(values: Iterable[Any]) -> list[bytes]:
    """Returns the values of POSTS as `encoded_value` does. What is unknown or empty stays unset."""
    found = []
    for value, encode in zip(values, _ENCODERS, strict=True):
        if value is None or (not value and value != 0):
            found.append(UNSET)
        else:
            data = encode(value)
            found.append(packed_int(len(data)) + data)  # a call for each of them would take a fifth of the time
    return found


_KEY = len(POSTS.key)
_OF_POST = attrgetter(*list(POSTS.columns)[len(POSTS.partition) :])
"""Returns a post's values of all columns but those of the partition, which `row_of` makes."""
_ENCODERS = [ENCODERS[column.cql] for column in POSTS.columns.values()]
_ENCODE_WORDS = ENCODERS[POST_WORDS.columns["words"].cql]
_VALUES = sum(len(table.columns) for table in POST_TABLES)
assert [*POSTS.columns][:_KEY] == [*POSTS.key] == [*POST_WORDS.columns][:-1], "the key comes first in both tables"
