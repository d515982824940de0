"""Turns a Post into its rows in POST_TABLES, encoded for Cassandra."""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
from cassandra.query import UNSET_VALUE

from conf.folding import search_words
from conf.partitions import bucket_of
from conf.tables import POST_TABLES
from conf.topic import Topic
from ingest.formats.post import InvalidMessage, Post
from ingest.queue.envelope import Message
from stores.encoding import ENCODERS


class Row(msgspec.Struct, frozen=True, gc=False):
    """A post's encoded rows, with their key, the post's event time, and their size in bytes.

    `key` has the values of POSTS.key. `values` has one tuple for each of POST_TABLES, with the encoded values of its
    columns in declared order.
    """

    key: tuple[str, date, int, str, str]
    event_at: datetime
    values: tuple[tuple[Any, ...], ...]
    size: int

    @property
    def partition(self) -> tuple[str, date, int]:
        """The values of POSTS.partition."""
        return self.key[:3]


@dataclass(frozen=True, slots=True)
class Write:
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
    values: list[Any] = []
    size = 0
    try:
        day = topic.day_of(post.event_at)
        bucket = bucket_of(post.post_id, buckets_of(topic, day))
        for value, (encode, tables) in zip((topic.topic, day, bucket, *_OF_POST(post), found), _PLAN, strict=True):
            if value is None or (not value and value != 0):
                values.append(UNSET_VALUE)
                continue
            encoded = encode(value)
            values.append(encoded)
            size += len(encoded) * tables
    except (struct.error, OverflowError) as error:
        raise InvalidMessage(f"out of range: {error}") from None
    key = (topic.topic, day, bucket, post.source, post.post_id)
    return Row(key, post.event_at, tuple([pick(values) for pick in _PICKS]), size)


def _pick(names: Iterable[str]) -> Callable[[list[Any]], tuple[Any, ...]]:
    """Returns what takes the values of these columns from those of all columns."""
    places = [_NAMES.index(name) for name in names]
    if places == list(range(len(places))):
        return lambda values: tuple(values[: len(places)])
    return itemgetter(*places)


_COLUMNS = {name: column for table in POST_TABLES for name, column in table.columns.items()}
_NAMES = list(_COLUMNS)
_OF_POST = attrgetter(*_NAMES[3:-1])
"""Returns a post's values of all columns but the first three and the last, which `row_of` makes."""
_PLAN = [(ENCODERS[_COLUMNS[name].cql], sum(name in table.columns for table in POST_TABLES)) for name in _NAMES]
"""Every column of POST_TABLES once: its encoder, and the number of tables that have it."""
_PICKS = [_pick(table.columns) for table in POST_TABLES]
"""For each table, what takes the values of its columns from those of the plan."""
