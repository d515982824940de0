"""The first post of a conversation: read where a network tells it, and checked as any part of a stranger's post."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ingest.formats.post import Post
from tests.ingest.formats.test_more_text import mastodon, post_of, x_v11
from tests.support.bluesky import event
from tests.support.posts import stream_line, tweet

AT = datetime(2026, 5, 1, tzinfo=UTC)
REPLY = [{"type": "replied_to", "id": "9"}]


def x_v2(**changes: Any) -> Post:
    return post_of(stream_line(tweet("12", referenced_tweets=REPLY, **changes)))


def flat(**changes: Any) -> Post:
    return post_of(orjson.dumps({**tweet("12", **changes), "author": {"id": "10", "username": "ana"}}))


def website(**changes: Any) -> Post:
    """An object of X's website."""
    legacy = {"id_str": "12", "created_at": "Mon Dec 02 14:16:05 +0000 2019", "full_text": "hello", **changes}
    core = {"user_results": {"result": {"rest_id": "10", "core": {"screen_name": "Ana"}}}}
    return post_of(orjson.dumps({"rest_id": "12", "core": core, "legacy": legacy}))


def bluesky(root: object, parent: str = "at://did:plc:bo/app.bsky.feed.post/2") -> Post:
    reply = {"parent": {"uri": parent, "cid": "c"}, "root": root}
    return post_of(event({"text": "hello", "reply": reply}, AT, "did:plc:ana", "1"))


def uri(name: object) -> dict[str, object]:
    return {"uri": name, "cid": "c"}


def test_the_network_s_own_root_is_kept() -> None:
    assert x_v2(conversation_id="5").root == "5"
    assert flat(conversation_id="5", referenced_tweets=REPLY).root == "5"
    assert website(conversation_id_str="5", in_reply_to_status_id_str="9").root == "5"
    post = bluesky(uri("at://did:plc:cy/app.bsky.feed.post/3"))
    assert (post.reply_to, post.root) == ("did:plc:bo/2", "did:plc:cy/3")


def test_other_formats_tell_none() -> None:
    assert post_of(x_v11(in_reply_to_status_id_str="9")).root is None
    reply = post_of(mastodon(in_reply_to_id="9", conversation_id="5"))
    assert (reply.reply_to, reply.root) == ("9", None)


def test_a_post_that_begins_a_conversation_has_none() -> None:
    assert flat(conversation_id="12").root is None
    assert website(conversation_id_str="12").root is None
    assert bluesky(uri("at://did:plc:ana/app.bsky.feed.post/1")).root is None


def test_a_retweet_is_part_of_no_conversation() -> None:
    retweeted = [{"type": "retweeted", "id": "9"}]
    assert flat(conversation_id="5", referenced_tweets=retweeted).root is None
    repeated = {"retweeted_status_result": {"result": {"rest_id": "9", "legacy": {"full_text": "hello"}}}}
    assert website(conversation_id_str="5", **repeated).root is None


@pytest.mark.parametrize("odd", ["", "x", "1" * 20, "-5", "1.8e18", "٥", " 5", "5\n", [], {}, True, ["5"], {"a": 1}])
def test_an_odd_root_of_x_is_left_out_and_the_post_is_kept(odd: Any) -> None:
    for post in (x_v2(conversation_id=odd), flat(conversation_id=odd, referenced_tweets=REPLY)):
        assert (post.root, post.reply_to, post.text) == (None, "9", "hello")
    assert website(conversation_id_str=odd).root is None


def test_an_id_that_is_written_as_a_number_is_read() -> None:
    assert x_v2(conversation_id=5).root == "5"


@pytest.mark.parametrize(
    "odd",
    [
        *(None, "", 5, [], {}, {"uri": None}, {"uri": 5}, uri(""), uri("at://did:plc:cy")),
        *(uri("at://did:plc:cy/app.bsky.feed.like/3"), uri("https://bsky.app/profile/cy/post/3")),
        uri(f"at://did:plc:cy/app.bsky.feed.post/{'x' * 512}"),
    ],
)
def test_an_odd_root_of_bluesky_is_left_out_and_the_reply_is_kept(odd: object) -> None:
    post = bluesky(odd)
    assert (post.root, post.reply_to, post.text) == (None, "did:plc:bo/2", "hello")
