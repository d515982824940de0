"""Odd posts: real ones of each format, changed at random in types, lengths, depths and encodings."""

import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.support.bluesky import event
from tests.support.mastodon_server import status
from tests.support.posts import stream_line, tweet, user

AT = datetime(2016, 5, 7, 3, tzinfo=UTC)
X_V11 = {
    **{"id": 5, "id_str": "5", "text": "hello @ana #tag", "created_at": "Sat May 07 03:00:00 +0000 2016", "lang": "en"},
    "user": {"id": 9, "id_str": "9", "screen_name": "Ana", "followers_count": 5, "created_at": None},
    "entities": {"hashtags": [{"text": "tag", "indices": [11, 15]}], "user_mentions": [{"screen_name": "ana"}]},
    "place": {"full_name": "Manila", "bounding_box": {"coordinates": [[[120.9, 14.5], [121.1, 14.5], [121.1, 14.7]]]}},
    "coordinates": {"coordinates": [121.0, 14.6]},
}
X_FLAT = {
    **{"id": "7", "text": "hello", "author_id": "9", "created_at": "2016-05-07T03:00:00.000Z", "lang": "en"},
    "author": {"id": "9", "username": "Ana", "public_metrics": {"followers_count": 3}},
    "referenced_tweets": [{"type": "quoted", "id": "4", "author": {"id": "8", "username": "bob"}}],
}
PLACE = {"id": "p", "full_name": "Manila", "geo": {"bbox": [120.9, 14.5, 121.1, 14.7]}}
FACET = {
    "index": {"byteStart": 0, "byteEnd": 5},
    "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "one"}],
}
ORIGINALS: dict[str, Callable[[str], Any]] = {
    "x_v2": lambda one: orjson.loads(
        stream_line(
            tweet(one, edit_history_tweet_ids=[one], geo={"place_id": "p"}), [user("10", "ana")], places=[PLACE]
        )
    ),
    "x_v11": lambda one: X_V11 | {"id": int(one), "id_str": one},
    "x_v2_flat": lambda one: X_FLAT | {"id": one},
    "bluesky": lambda one: orjson.loads(event({"text": "hello", "langs": ["en"], "facets": [FACET]}, AT, rkey=one)),
    "mastodon": lambda one: {"event": "update", "payload": status(int(one))},
}
"""By parser: makes a good post of its format, with this id."""
_NUMBER = re.compile(rb"(?<=[:\[,])-?\d+(?:\.\d+)?(?=[,\]}])")
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 5, 2**31, 2**63, 2**64 - 1, 1.5, 1e308, "", "x", "5", "9" * 400, "x" * 70_000),
    *([], {}, [[]], [None], [5], {"a": {"b": []}}, ["x"] * 3_000, "\x00", "日本語", "ﷺ" * 2_000, "́" * 3_000),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2016-13-01T00:00:00Z", "at://", "did:plc:x/y/z", "#＃@＠"),
)


def odd_posts(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yields pairs of a parser's name and a payload, most of which no parser was made for; of each format as many."""
    draws, names = random.Random(seed), list(ORIGINALS)
    for number in range(count):
        name = names[number % len(names)]
        post = orjson.loads(orjson.dumps(ORIGINALS[name](str(9_000_000 + number))))  # a copy, at any depth
        for _ in range(draws.randint(1, 3)):
            _change(post, draws)
        payload = orjson.dumps(post)
        yield name, _garbled(payload, draws) if draws.random() < 0.2 else payload


def _change(value: Any, draws: random.Random) -> None:
    """Replaces, removes, doubles or nests one part, at any depth."""
    places = list(_places(value))
    if not places:
        return
    holder, key = draws.choice(places)
    match draws.randrange(4):
        case 0 | 1:
            holder[key] = orjson.loads(orjson.dumps(draws.choice(VALUES)))
        case 2:
            del holder[key]
        case _:
            nested = holder[key]
            for _ in range(draws.choice((1, 50))):
                nested = [nested]
            holder[key] = nested


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(items):
        yield value, key
        yield from _places(part)


def _garbled(payload: bytes, draws: random.Random) -> bytes:
    """Breaks the bytes: cut, not UTF-8, a lone surrogate, a NUL, too deep, or numbers that no program takes."""
    at = draws.randrange(max(len(payload), 1))
    broken = (
        payload[:at],
        payload[:at] + b"\xff\xfe" + payload[at:],
        payload.replace(b"hello", b"\\ud800 x"),
        payload[:at] + b"\x00" + payload[at:],
        b"[" * 5_000 + payload,
        _NUMBER.sub(b"9" * 400, payload),
        b"",
    )
    return draws.choice(broken)
