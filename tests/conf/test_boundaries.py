"""One text with mixed scripts, emoji and combining marks, as each of three networks gives it: the same boundaries."""

from typing import Any

import orjson
import pytest

from ingest.formats import Unit, parse, split
from ingest.formats.post import Post
from tests.ingest.sources.bluesky.test_live_bluesky import AT
from tests.support.bluesky import event
from tests.support.mastodon_server import status
from tests.support.posts import stream_line, tweet

BEFORE = "👩🏽‍👩‍👧 e\u0301té सबको 選挙 "
MENTION, TAG, LINK = "@ana.b", "#Halala\u0301n２０１６選挙", "https://example.org/ñ/🗳?q=1"
AFTER = " Noynóy🇵🇭 கடை end"
TEXT = f"{BEFORE}{MENTION} {TAG} {LINK}{AFTER}"


def span(part: str) -> tuple[int, int]:
    """Where a part stands, in bytes of UTF-8."""
    start = TEXT.encode().index(part.encode())
    return start, start + len(part.encode())


def x() -> bytes:
    entities = {
        "hashtags": [{"start": 0, "end": 1, "tag": TAG[1:]}],
        "mentions": [{"start": 0, "end": 1, "username": "ana_b", "id": "8"}],
        "urls": [{"start": 0, "end": 1, "url": "https://t.co/abc", "expanded_url": LINK}],
    }
    text = TEXT.replace(LINK, "https://t.co/abc").replace(MENTION, "@ana_b")
    return stream_line(tweet("1", text, entities=entities))


def bluesky() -> bytes:
    def facet(part: str, **feature: str) -> dict[str, Any]:
        start, end = span(part)
        return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}

    richtext = "app.bsky.richtext.facet"
    facets = [
        facet(MENTION, **{"$type": f"{richtext}#mention", "did": "did:plc:b"}),
        facet(TAG, **{"$type": f"{richtext}#tag", "tag": TAG[1:]}),
        facet(LINK, **{"$type": f"{richtext}#link", "uri": LINK}),
    ]
    return event({"text": TEXT, "facets": facets}, AT)


def mastodon() -> bytes:
    mention = f'<a href="https://b.social/@ana" class="u-url mention">{MENTION}</a>'
    tag = f'<a href="https://b.social/tags/t" class="mention hashtag" rel="tag">#<span>{TAG[1:]}</span></a>'
    link = f'<a href="{LINK}"><span class="invisible">https://</span><span>{LINK[8:]}</span></a>'
    content = f"<p>{BEFORE}{mention} {tag} {link}{AFTER}</p>"
    payload = status(1, content, mentions=[{"id": "8", "acct": "ana@b.social"}], tags=[{"name": TAG[1:]}])
    return orjson.dumps({"event": "update", "server": "b.social", "payload": payload})


@pytest.mark.parametrize(
    ("line", "mention"), [(x(), "ana_b"), (bluesky(), "did:plc:b"), (mastodon(), "ana@b.social")], ids=["x", "b", "m"]
)
def test_hashtag_mention_and_link_end_where_they_end(line: bytes, mention: str) -> None:
    [unit] = split(line)
    assert isinstance(unit, Unit), unit
    post: Post = parse(unit.format, unit.payload)
    assert post.hashtags == ["halalan2016選挙"]
    assert post.mentions == [mention]
    assert post.urls == [LINK]
    words = post.folded.split()
    assert words == ["👩🏽👩👧", "ete", "सबको", "選挙", "#halalan2016選挙", "noynoy🇵🇭", "கடை", "end"]
