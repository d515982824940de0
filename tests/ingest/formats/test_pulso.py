"""Lines of packs: what they give as posts and handles, and what of a hostile one is refused."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ingest.formats import Refused, Unit, parse, parse_name, split
from ingest.formats.post import InvalidMessage

POST = {"pulso_mastodon": 1, "post_id": "1", "event_at": "2016-05-01T12:00:00.123Z", "author_id": "9", "kind": "quote"}


def line(**changes: Any) -> bytes:
    return orjson.dumps({name: value for name, value in {**POST, **changes}.items() if value is not ...})


def unit_of(content: bytes) -> Unit:
    (unit,) = split(content)
    assert isinstance(unit, Unit), unit
    return unit


def parsed(content: bytes) -> Any:
    unit = unit_of(content)
    return parse(unit.format, unit.payload)


def test_a_line_gives_its_post() -> None:
    post = parsed(line(text="ağ 大 \u202e", hashtags=["a"], lat=1.5, lon=2.5, author_is_bot=False, version_us=7))
    assert (post.source, post.post_id, post.kind) == ("mastodon", "1", "quote")
    assert post.event_at == datetime(2016, 5, 1, 12, 0, 0, 123000, UTC)
    assert (post.text, post.hashtags, post.lat, post.author_is_bot) == ("ağ 大 \u202e", ["a"], 1.5, False)
    assert post.version_us == 7
    assert (post.author, post.mentions) == (None, [])


def test_a_line_gives_an_accounts_handle() -> None:
    content = {"pulso_bluesky_name": 1, "author_id": "did:plc:a", "handle": "A.example", "at": POST["event_at"]}
    unit = unit_of(orjson.dumps(content))
    name = parse_name(unit.format, unit.payload)
    assert (name.source, name.author_id, name.handle) == ("bluesky", "did:plc:a", "a.example")


def test_a_post_of_x_has_no_version() -> None:
    content = line(pulso_mastodon=..., pulso_x=1, version_us=2**61)
    assert parsed(content).version_us is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pulso_mastodon": 2}, "of the form 2, not 1"),
        ({"pulso_mastodon": "1"}, "wrong type"),
        ({"post_id": ...}, "missing"),
        ({"post_id": 5}, "wrong type"),
        ({"event_at": "2016-05-01T12:00:00"}, "wrong type"),
        ({"event_at": "9999-12-31T23:59:59Z"}, "no time between"),
        ({"text": "x" * 1_000_000}, "over-long text"),
        ({"author_id": "9" * 600}, "the author id is no text"),
        ({"hashtags": "a"}, "wrong type"),
        ({"kind": ...}, "missing"),
        ({"pulso_mastodon": ..., "pulso_x": 1, "post_id": "no"}, "no id of X"),
    ],
)
def test_a_line_that_is_no_post_is_refused(changes: dict[str, Any], reason: str) -> None:
    unit = unit_of(line(**changes))
    with pytest.raises(InvalidMessage, match=reason):
        parse(unit.format, unit.payload)


@pytest.mark.parametrize("changes", [{"lat": 1e300, "lon": 5}, {"kind": "boast"}, {"mentions": ["x" * 600]}])
def test_a_part_that_can_not_be_used_is_left_out(changes: dict[str, Any]) -> None:
    post = parsed(line(**changes))
    assert (post.lat, post.mentions) == (None, [])
    assert post.kind in ("original", "quote")


def test_a_line_longer_than_any_post_is_refused() -> None:
    (part,) = split(line(folded="a " * 600_000))
    assert isinstance(part, Refused)
    assert "over-long post" in part.reason


def test_a_post_with_pseudonyms_is_refused() -> None:
    (part,) = split(line(pulso_mastodon=..., pulso_pseudonyms=1, source="x"))
    assert isinstance(part, Refused)
    assert "only packs made with --posts full" in part.reason
