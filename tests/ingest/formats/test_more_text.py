"""The text of link cards, polls and image descriptions: read from every format, bounded, and never the post's end."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ingest.formats import Unit, parse, split
from ingest.formats.limits import LONGEST_MORE
from ingest.formats.more_text import LONGEST_PART, MOST_PARTS
from ingest.formats.post import Post
from tests.support.bluesky import event
from tests.support.mastodon_server import status
from tests.support.posts import stream_line, tweet

AT = datetime(2026, 5, 1, tzinfo=UTC)
CARD, ABOUT, ALT = "Rivéra wins &more", "The count", "Rivera on a stage"
FOLDED_CARD, FOLDED_ALT = "rivera wins &more\nthe count", "rivera on a stage"
POLL = [("Rivera", 1), ("Cruz", 2)]


def post_of(line: bytes) -> Post:
    [unit] = split(line)
    assert isinstance(unit, Unit), unit
    return parse(unit.format, unit.payload)


def x_v2(**changes: Any) -> bytes:
    link = {"start": 0, "end": 5, "url": "https://t.co/a", "title": "Rivéra wins &amp;more", "description": ABOUT}
    data = tweet(entities={"urls": [link]}, attachments={"media_keys": ["3_1"], "poll_ids": ["7"]}, **changes)
    return stream_line(data, media=[{"media_key": "3_1", "alt_text": ALT}, {"media_key": "3_2", "alt_text": "other"}])


def x_v2_page() -> bytes:
    line = orjson.loads(x_v2())
    return orjson.dumps({**line, "data": [line["data"]]})


def x_v2_flat() -> bytes:
    line = orjson.loads(x_v2())
    post = {**line["data"], "author": line["includes"]["users"][0]}
    post["attachments"] = {"media_keys": ["3_1"], "media": [line["includes"]["media"][0]]}
    return orjson.dumps(post)


def x_v11(bindings: object = None, **changes: Any) -> bytes:
    values = {"title": CARD, "description": ABOUT}
    card = bindings or {name: {"type": "STRING", "string_value": value} for name, value in values.items()}
    post = {
        "id_str": "1",
        "created_at": "Mon Dec 02 14:16:05 +0000 2019",
        "text": "hello",
        "user": {"id_str": "10", "screen_name": "Ana"},
        "card": {"name": "summary", "binding_values": card},
        "extended_entities": {"media": [{"ext_alt_text": ALT}]},
    }
    return orjson.dumps({**post, **changes})


def x_web() -> bytes:
    status = orjson.loads(x_v11())
    bindings = [{"key": key, "value": value} for key, value in status["card"]["binding_values"].items()]
    return orjson.dumps(
        {
            "rest_id": "1",
            "legacy": {key: status[key] for key in ("created_at", "text", "extended_entities")},
            "core": {"user_results": {"result": {"rest_id": "10", "core": {"screen_name": "Ana"}}}},
            "card": {"rest_id": "card://1", "legacy": {"binding_values": bindings}},
        }
    )


def bluesky_embed(embed: object) -> bytes:
    return event({"text": "hello", "embed": embed}, AT)


_EXTERNAL = {"uri": "https://example.org", "title": CARD, "description": ABOUT}
_EMBED = {"embed": {"external": _EXTERNAL, "images": [{"alt": ALT}, {"alt": ""}]}}


def bluesky() -> bytes:
    return event({"text": "hello", **_EMBED}, AT)


def mastodon(**changes: Any) -> bytes:
    given = {"card": {"url": "https://example.org", "title": CARD, "description": ABOUT}}
    given["media_attachments"] = [{"type": "image", "description": ALT}, {"description": None}]  # type: ignore[assignment]
    return orjson.dumps({"event": "update", "server": "s.example", "payload": status(1) | given | changes})


@pytest.mark.parametrize("line", [x_v2(), x_v2_page(), x_v2_flat(), x_v11(), x_web(), bluesky(), mastodon()])
def test_the_words_beside_a_text_are_read_from_every_format(line: bytes) -> None:
    post = post_of(line)
    assert post.text == "hello"
    assert post.folded == "hello"
    assert post.text_more == f"{CARD}\n{ABOUT}\n{ALT}"
    assert (post.folded_cards, post.folded_alt) == (FOLDED_CARD, FOLDED_ALT)


def test_the_options_of_a_poll_are_read_from_x_and_mastodon() -> None:
    polls = [{"id": "7", "options": [{"position": 1, "label": "Rivera"}, {"label": "Cruz"}]}]
    v2 = stream_line(tweet(attachments={"poll_ids": ["7"]}), polls=polls)
    bindings = [{"key": f"choice{n}_label", "value": {"string_value": name}} for name, n in POLL]
    options = {"options": [{"title": name, "votes_count": 3} for name, _ in POLL]}
    lines = (v2, x_v11(bindings, extended_entities=None), mastodon(card=None, media_attachments=[], poll=options))
    assert {post_of(line).folded_cards for line in lines} == {"rivera\ncruz"}
    flat = {**tweet(attachments={"poll_ids": ["7"], "poll": polls[0]}), "author": {"id": "10", "username": "ana"}}
    assert post_of(orjson.dumps(flat)).folded_cards == "rivera\ncruz"


def test_a_retweet_has_the_words_of_the_retweeted_post() -> None:
    shown = tweet("5", "hello", author_id="11", attachments={"media_keys": ["3_1"]})
    data = tweet("6", "RT @bo: hello", referenced_tweets=[{"type": "retweeted", "id": "5"}])
    line = stream_line(data, tweets=[shown], media=[{"media_key": "3_1", "alt_text": ALT}])
    page = orjson.loads(line)
    for each in (line, orjson.dumps({**page, "data": [data]})):
        assert post_of(each).folded_alt == FOLDED_ALT
    v11 = x_v11(card=None, extended_entities=None, retweeted_status=orjson.loads(x_v11()))
    boost = mastodon(card=None, media_attachments=[], reblog=orjson.loads(mastodon())["payload"])
    assert {post_of(each).folded_alt for each in (v11, boost)} == {FOLDED_ALT}


def test_on_bluesky_a_video_and_what_stands_beside_a_quote_have_descriptions() -> None:
    assert post_of(bluesky_embed({"$type": "app.bsky.embed.video", "alt": ALT})).folded_alt == FOLDED_ALT
    quote = {"record": {"record": {"uri": "at://did:plc:b/app.bsky.feed.post/3k"}}, "media": {"images": [{"alt": ALT}]}}
    post = post_of(bluesky_embed(quote))
    assert (post.folded_alt, post.quote_of) == (FOLDED_ALT, "did:plc:b/3k")


ODD = [None, 5, "text", [], {}, [5], [None], {"title": 5}, {"media": 7, "options": "x", "external": [1], "images": 3}]


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_part_is_left_out_and_the_post_kept(odd: object) -> None:
    url = {"title": odd, "description": odd}
    attached = tweet(entities={"urls": [url]}, attachments={"media_keys": odd, "poll_ids": odd, "media": odd})
    lines = [
        stream_line(tweet(attachments=odd), media=odd, polls=odd),
        stream_line(attached, media=odd, polls=[{"id": "7", "options": odd}]),
        orjson.dumps({**attached, "author": {"id": "10", "username": "ana"}}),
        x_v11(odd, extended_entities=odd),
        x_v11(card=odd),
        mastodon(card={"title": odd}, poll=odd, media_attachments=odd),
    ]
    if not isinstance(odd, dict):  # a post without a title is a post
        lines += [bluesky_embed({"external": {"title": odd}, "images": odd, "alt": odd})]
    for line in lines:
        assert post_of(line).text == "hello", line


def test_no_name_is_found_across_two_parts_nor_in_an_address() -> None:
    images = [{"alt": "Grace"}, {"alt": "Poe https://example.org/rivera @rivera.bsky.social"}]
    assert post_of(bluesky_embed({"images": images})).folded_alt == "grace\npoe"


def test_a_post_with_a_broken_part_keeps_them() -> None:
    broken = [x_v2(lang=5), x_v11(lang=5), mastodon(language=5), event({"text": "hello", "langs": 5, **_EMBED}, AT)]
    broken += [orjson.dumps({**orjson.loads(x_v2_flat()), "lang": 5})]
    for line in broken:
        post = post_of(line)
        assert (post.lang, post.folded_cards, post.folded_alt) == (None, FOLDED_CARD, FOLDED_ALT), line


def test_handles_and_letters_are_those_of_the_text() -> None:
    alt = "ＲＩＶＥＲＡ’s łódź @abc_123さんと高市早苗 https://example.org/poe。後"
    v11 = x_v11(card=None, extended_entities={"media": [{"ext_alt_text": alt}]}, text=alt)
    for line in (v11, event({"text": alt, "embed": {"images": [{"alt": alt}]}}, AT)):
        post = post_of(line)
        assert post.folded_alt == post.folded == "rivera's lodz さんと高市早苗 。後", line


def test_lengths_are_bounded_and_no_word_is_cut() -> None:
    long = "poe " * (LONGEST_PART // 4 - 1) + "poetry " * 9
    post = post_of(bluesky_embed({"images": [{"alt": f"{n} {long}"} for n in range(MOST_PARTS * 2)]}))
    assert post.text_more is not None
    assert post.folded_alt is not None
    for text in (post.text_more, post.folded_alt):
        assert LONGEST_MORE - 10 < len(text) <= LONGEST_MORE
        assert {"poe", "poetry"} >= set(text.split()) - {str(n) for n in range(MOST_PARTS)}
    few = post_of(bluesky_embed({"images": [{"alt": f"a{n}"} for n in range(MOST_PARTS * 2)]}))
    assert few.text_more is not None
    assert len(few.text_more.split("\n")) == MOST_PARTS


def test_a_post_without_them_has_none() -> None:
    for line in (stream_line(tweet()), x_v11(card=None, extended_entities=None), bluesky_embed(None)):
        post = post_of(line)
        assert (post.text_more, post.folded_cards, post.folded_alt) == (None, None, None)
