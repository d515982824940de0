"""Posts that are queued as they were parsed are the posts that a worker would have parsed."""

from datetime import UTC, datetime

import msgspec
import orjson
import pytest

from conf.topic import parse_topic
from ingest.formats import Refused, packed, parse, readable, split
from ingest.formats.parsed import Parsed
from ingest.formats.post import PARSER_VERSION, InvalidMessage, Post
from ingest.queue.envelope import Envelope, Route, as_parsed
from ingest.write.rows import row_of
from tests.support.mutations import ORIGINALS

AT = datetime(2016, 5, 9, 1, 30, 0, 123456, tzinfo=UTC)
TOPIC = parse_topic("topic: t\n", "t")


def post(**changes: object) -> Post:
    return Post(**{"source": "x", "post_id": "1", "event_at": AT, "author_id": "10", "text": "hello", **changes})  # type: ignore[arg-type]


def queued(one: Post) -> tuple[str, bytes]:
    found = packed(one)
    assert found
    return found


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_post_of_each_format_is_the_same_after_the_queue_and_as_a_dead_letter(name: str) -> None:
    first = parse(name, orjson.dumps(ORIGINALS[name]("77")))
    format_, payload = queued(first)
    second = parse(format_, payload)
    assert second == first
    assert row_of(second, TOPIC) == row_of(first, TOPIC)
    letter = readable(format_, payload)
    assert orjson.loads(letter)["post"]["post_id"] == first.post_id
    assert parse(format_, letter) == first
    assert readable(format_, letter) == letter
    assert readable(name, b"\x82") == b"\x82"


def test_scripts_and_places_and_numbers_go_through_the_queue() -> None:
    odd = post(
        text="日本 سلام İstanbul 🗳️", lat=14.5, lon=-0.0, box=(1.0, 2.0, 3.0, 4.0), version_us=2**61, languages=["ja"]
    )
    odd.author_created_at = odd.collected_at = AT
    assert parse(*queued(odd)) == odd


def test_a_post_of_an_older_parser_keeps_its_version_so_that_a_newer_one_replaces_it() -> None:
    older = post(parser=PARSER_VERSION - 1, version_us=5_000_000)
    found = parse(*queued(older))
    assert found.version_time == 5_000_000 + PARSER_VERSION - 1
    assert found.version_time < (post(version_us=5_000_000).version_time or 0)


def test_what_can_not_be_encoded_is_queued_as_it_came() -> None:
    broken = post(text="half a pair: \ud83d")
    raw = Envelope("t", "x", "x_v2", b"{}", "file:1", "replay")
    assert packed(broken) is None
    assert as_parsed(raw, broken, Route.UPDATE) == Envelope("t", "x", "x_v2", b"{}", "file:1", "replay", Route.UPDATE)
    changed = as_parsed(raw, post(), Route.POST)
    assert (changed.format, changed.origin, changed.replay) == ("parsed_x", "file:1", "replay")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"post_id": ""}, "empty post id"),
        ({"post_id": "1.5e9"}, "is no id of X"),
        ({"text": "x" * 100_000}, "over-long text"),
        ({"event_at": datetime(1, 1, 1, tzinfo=UTC)}, "time"),
        ({"source": "bluesky"}, "in the place of"),
    ],
)
def test_whoever_can_write_to_the_queue_can_not_get_past_the_checks(changes: dict[str, object], reason: str) -> None:
    payload = msgspec.msgpack.encode(Parsed(PARSER_VERSION, post(**changes)))
    with pytest.raises(InvalidMessage, match=reason):
        parse("parsed_x", payload)


@pytest.mark.parametrize("payload", [b"", b"\x82", b"{", b"\xc1" * 9, b'{"parser": "5", "post": {}}', b"\x93" * 5_000])
def test_garbage_is_refused_with_a_reason(payload: bytes) -> None:
    with pytest.raises(InvalidMessage):
        parse("parsed_x", payload)
    assert readable("parsed_x", payload) == payload


def test_a_forged_version_of_the_parser_counts_as_this_one() -> None:
    forged = msgspec.msgpack.encode(Parsed(10**9, post(version_us=1_000)))
    assert parse("parsed_x", forged).version_time == 1_000 + PARSER_VERSION


def test_no_line_of_a_stranger_is_taken_for_a_parsed_post() -> None:
    line = msgspec.json.encode(Parsed(PARSER_VERSION, post()))
    assert all(isinstance(part, Refused) for part in split(line))
