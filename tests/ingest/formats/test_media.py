"""The media of posts: read from every format, under one name each, and bounded."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingest.formats import Unit, parse, split
from ingest.formats.limits import LONGEST_URL, MOST_ITEMS
from ingest.formats.post import InvalidMessage, Post
from tests.ingest.formats.test_more_text import bluesky_embed, mastodon, post_of, x_v2, x_v11
from tests.support.posts import stream_line, tweet

CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
BLOB = {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/jpeg", "size": 9}
FILE = "https://files.example/a.png"


def v11(*media: object) -> bytes:
    return x_v11(extended_entities={"media": list(media)})


def of_v11(kind: str, **changes: Any) -> dict[str, Any]:
    return {"id_str": "5", "type": kind, "media_url_https": "https://pbs.twimg.com/media/a.jpg", **changes}


def v2_flat() -> bytes:
    media = [{"media_key": "3_1", "type": "photo"}, {"media_key": "16_2", "type": "animated_gif"}]
    return orjson.dumps({**tweet(attachments={"media": media}), "author": {"id": "10", "username": "ana"}})


def attached(*media: object) -> bytes:
    return mastodon(media_attachments=list(media))


ADVERTISED = of_v11("video", media_url_https="https://pbs.twimg.com/amplify_video_thumb/5/img/a.jpg")
OF_FORMATS: tuple[tuple[bytes, list[str]], ...] = (
    (x_v2(), ["image 3_1"]),
    (
        stream_line(tweet(attachments={"media_keys": ["7_2", "13_3", "16_4", "99_5"]})),
        [
            *("video 7_2", "video 13_3", "gif 16_4", "unknown 99_5"),
        ],
    ),
    (v2_flat(), ["image 3_1", "gif 16_2"]),
    (v11(of_v11("photo"), of_v11("video", id_str="6"), of_v11("animated_gif")), ["image 3_5", "video 7_6", "gif 16_5"]),
    (v11(ADVERTISED, of_v11("photo", media_key="3_9")), ["video 13_5", "image 3_9"]),
    (
        bluesky_embed({"images": [{"image": BLOB}, {"image": {"cid": "bafyold", "mimeType": "image/png"}}]}),
        [
            *(f"image {CID}", "image bafyold"),
        ],
    ),
    (bluesky_embed({"$type": "app.bsky.embed.video", "video": BLOB}), [f"video {CID}"]),
    (
        bluesky_embed({"record": {"record": {"uri": "at://a/b/c"}}, "media": {"images": [{"image": BLOB}]}}),
        [
            f"image {CID}",
        ],
    ),
    (bluesky_embed({"external": {"uri": "https://example.org", "thumb": BLOB}}), []),
    (
        attached({"type": "gifv", "url": FILE}, {"type": "audio", "url": "https://a/b"}),
        [
            *(f"gif {FILE}", "audio https://a/b"),
        ],
    ),
    (attached({"type": "image", "url": "https://cache.example/1", "remote_url": FILE}), [f"image {FILE}"]),
)


@pytest.mark.parametrize(("line", "media"), OF_FORMATS)
def test_media_are_read_from_every_format(line: bytes, media: list[str]) -> None:
    assert post_of(line).media == media


def test_a_retweet_has_the_media_of_the_retweeted_post() -> None:
    retweeted = tweet(id="7", text="seen", attachments={"media_keys": ["3_8"]})
    data = tweet(text="RT @bob: seen", referenced_tweets=[{"type": "retweeted", "id": "7"}])
    assert post_of(stream_line(data, tweets=[retweeted])).media == ["image 3_8"]
    status = {"id_str": "7", "text": "seen", "extended_entities": {"media": [of_v11("photo")]}}
    assert post_of(x_v11(retweeted_status=status)).media == ["image 3_5"]


ODD: tuple[object, ...] = (None, 5, "a", [], [None], ["a"], {}, {"a": 1}, [[]], [{"type": 5, "url": 7}])


@pytest.mark.parametrize("odd", ODD)
def test_odd_media_are_left_out_and_the_post_is_kept(odd: object) -> None:
    found = (
        *(stream_line(tweet(attachments=odd)), stream_line(tweet(attachments={"media_keys": odd, "media": odd}))),
        *(x_v11(extended_entities=odd), x_v11(extended_entities={"media": odd}), v11(odd, of_v11("photo", id_str=odd))),
        *(bluesky_embed(each) for each in ({"images": odd}, {"images": [{"image": odd}]}, {"video": odd})),
        *(bluesky_embed({"video": {"ref": odd}}), mastodon(media_attachments=odd), attached(odd)),
    )
    for line in found:
        post = post_of(line)
        assert post.text
        assert [one for one in post.media if one not in ("unknown a", "image 3_a")] == []


def test_a_name_has_no_white_space_and_neither_names_nor_lists_are_without_end() -> None:
    assert post_of(attached({"type": "image", "url": "https://a.example/b c"})).media == []
    longest = f"https://a.example/{'a' * LONGEST_URL}"
    assert post_of(attached({"type": "image", "url": longest[: LONGEST_URL - len("image ")]})).media != []
    assert post_of(attached({"type": "image", "url": longest})).media == []
    many = [{"type": "image", "url": f"https://a.example/{number}"} for number in range(MOST_ITEMS + 5)]
    assert len(post_of(attached(*many)).media) == MOST_ITEMS


def test_the_media_of_real_posts_have_names(captures: Path) -> None:
    found = [one for file in sorted(captures.glob("x_*/*.jsonl")) for post in posts_of(file) for one in post.media]
    assert len(found) > 100
    assert {one for one in found if not re.fullmatch(r"image 3_\d+|video (7|13)_\d+|gif 16_\d+", one)} == set()


def posts_of(file: Path) -> Iterator[Post]:
    for unit in (unit for line in file.read_bytes().splitlines() for unit in split(line)):
        if isinstance(unit, Unit):
            with suppress(InvalidMessage):
                yield parse(unit.format, unit.payload)
