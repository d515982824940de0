"""The rules of parsing, one per test, with the smallest payload that shows each."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest

from conf.tables import NETWORKS
from ingest.formats import DELETIONS, LOSSES, Refused, Unit, parse, parse_deletion, split
from ingest.formats.post import Becomes, Deletion, InvalidMessage, Post
from ingest.formats.registry import FORMATS
from tests.support.posts import stream_line, tweet, user


def post_of(line: bytes) -> Post:
    (unit,) = split(line)
    assert isinstance(unit, Unit), unit
    return parse(unit.format, unit.payload)


def refusal_of(line: bytes) -> str:
    (part,) = split(line)
    if isinstance(part, Refused):
        return part.reason
    with pytest.raises(InvalidMessage) as error:
        parse(part.format, part.payload)
    return str(error.value)


def status(**changes: object) -> bytes:
    base = {
        "id_str": "7",
        "created_at": "Mon Dec 02 14:16:05 +0000 2019",
        "text": "clipped…",
        "user": {"id_str": "10", "screen_name": "Ana", "created_at": "Fri Aug 10 12:01:05 +0000 2018"},
    }
    return orjson.dumps({**base, **changes})


def event(record: Mapping[str, object] | None = None, **commit: object) -> bytes:
    inner = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3k", "record": record, **commit}
    return orjson.dumps({"did": "did:plc:a", "time_us": 1779719009157119, "kind": "commit", "commit": inner})


class TestXv2:
    def test_a_plain_post(self) -> None:
        post = post_of(stream_line(tweet(text="A &amp; B")))
        assert (post.source, post.post_id, post.author_id, post.author) == ("x", "1", "10", "ana")
        assert (post.kind, post.text, post.folded) == ("original", "A & B", "a & b")
        assert post.event_at == datetime(2016, 5, 1, 12, tzinfo=UTC)
        assert (post.author_followers, post.author_following, post.client) == (5, 7, None)

    def test_the_app_that_posted_it_is_kept(self) -> None:
        assert post_of(stream_line(tweet(source="Twitter for iPhone"))).client == "Twitter for iPhone"

    def test_a_retweet_has_the_retweeted_posts_full_text_and_entities(self) -> None:
        full = {"id": "9", "text": "long text #Yes", "author_id": "20", "entities": {"hashtags": [{"tag": "Yés"}]}}
        line = stream_line(
            tweet(text="RT @Bea: long…", referenced_tweets=[{"type": "retweeted", "id": "9"}]),
            [user(), user("20", "Bea")],
            tweets=[full],
        )
        post = post_of(line)
        assert (post.kind, post.retweet_of, post.retweet_of_author) == ("retweet", "9", "bea")
        assert (post.text, post.hashtags) == ("long text #Yes", ["yes"])

    def test_a_retweet_of_a_missing_post_still_names_its_author(self) -> None:
        mentions = {"mentions": [{"username": "Bea"}, {"username": "Cy"}]}
        data = tweet(text="RT @Bea: hi @Cy", referenced_tweets=[{"type": "retweeted", "id": "9"}], entities=mentions)
        post = post_of(stream_line(data))
        assert (post.retweet_of_author, post.mentions) == ("bea", ["cy"])

    def test_a_note_gives_the_full_text(self) -> None:
        note = {"text": "the whole", "entities": {"hashtags": [{"tag": "All"}]}}
        post = post_of(stream_line(tweet(text="the…", note_tweet=note)))
        assert (post.text, post.hashtags) == ("the whole", ["all"])

    def test_a_reply_that_quotes_is_a_reply_and_keeps_both_references(self) -> None:
        references = [{"type": "quoted", "id": "8"}, {"type": "replied_to", "id": "9"}]
        data = tweet(referenced_tweets=references, in_reply_to_user_id="20")
        post = post_of(stream_line(data, [user(), user("20", "Bea")]))
        assert (post.kind, post.reply_to, post.reply_to_author, post.quote_of) == ("reply", "9", "bea", "8")

    def test_who_is_replied_to_is_found_among_the_mentions(self) -> None:
        data = tweet(
            referenced_tweets=[{"type": "replied_to", "id": "9"}],
            in_reply_to_user_id="20",
            entities={"mentions": [{"username": "Bea", "id": "20"}]},
        )
        assert post_of(stream_line(data)).reply_to_author == "bea"

    def test_a_place_and_a_point(self) -> None:
        geo = {"place_id": "p", "coordinates": {"type": "Point", "coordinates": [121.0, 14.5]}}
        post = post_of(stream_line(tweet(geo=geo), places=[{"id": "p", "full_name": "Manila"}]))
        assert (post.place, post.lat, post.lon) == ("Manila", 14.5, 121.0)

    def test_a_page_becomes_one_unit_a_post_with_its_part_of_includes(self) -> None:
        page = {"data": [tweet("1"), tweet("2", author_id="20")], "includes": {"users": [user(), user("20", "Bea")]}}
        units = split(orjson.dumps(page))
        authors = [parse(u.format, u.payload).author for u in units if isinstance(u, Unit)]
        assert authors == ["ana", "bea"]
        assert len(orjson.loads(units[0].payload)["includes"]["users"]) == 1

    def test_one_bad_post_of_a_page_does_not_cost_its_neighbours(self) -> None:
        page = {"data": [tweet("1"), {"id": 5}, "x", tweet("2")]}
        units = split(orjson.dumps(page))
        good = []
        for unit in units:
            assert isinstance(unit, Unit)
            with suppress(InvalidMessage):
                good.append(parse(unit.format, unit.payload).post_id)
        assert good == ["1", "2"]

    def test_a_flattened_post_carries_its_references_inside(self) -> None:
        reference = {"type": "retweeted", "id": "9", "text": "full", "author_id": "20", "author": user("20", "Bea")}
        post = post_of(orjson.dumps(tweet(text="RT @Bea: f…", author=user(), referenced_tweets=[reference])))
        assert (post.author, post.retweet_of_author, post.text) == ("ana", "bea", "full")

    def test_when_it_was_collected_is_kept_where_the_capture_says_so(self) -> None:
        line = orjson.loads(stream_line(tweet())) | {"__twarc": {"retrieved_at": "2021-04-01T15:52:42+00:00"}}
        assert post_of(orjson.dumps(line)).collected_at == datetime(2021, 4, 1, 15, 52, 42, tzinfo=UTC)
        assert post_of(stream_line(tweet())).collected_at is None


class TestXv11:
    def test_a_status_with_its_extended_text(self) -> None:
        extended = {"full_text": "whole #Tag", "entities": {"hashtags": [{"text": "Tag"}]}}
        post = post_of(status(extended_tweet=extended))
        assert (post.text, post.hashtags, post.author) == ("whole #Tag", ["tag"], "ana")
        assert post.event_at == datetime(2019, 12, 2, 14, 16, 5, tzinfo=UTC)

    def test_a_retweet_of_a_quote_is_no_quote(self) -> None:
        inner = orjson.loads(status(id_str="6", text="original"))
        post = post_of(status(retweeted_status=inner, quoted_status_id_str="5"))
        assert (post.kind, post.retweet_of, post.quote_of, post.text) == ("retweet", "6", None, "original")

    def test_the_author_s_counts_and_the_app_s_label_without_its_markup(self) -> None:
        person = {"id_str": "10", "screen_name": "Ana", "followers_count": 5, "friends_count": 7}
        post = post_of(status(user=person, source='<a href="https://x.ph" rel="nofollow">Tom &amp; Co</a>'))
        assert (post.author_followers, post.author_following, post.client) == (5, 7, "Tom & Co")
        assert post_of(status(source="web")).client == "web"
        assert post_of(status()).client is None

    def test_an_offset_is_taken_into_account(self) -> None:
        assert post_of(status(created_at="Mon Dec 02 22:16:05 +0800 2019")).event_at.hour == 14

    @pytest.mark.parametrize(
        "value", ["yesterday", "Mon Foo 02 14:16:05 +0000 2019", "", "Mon Dec 02 25:16:05 +0000 2019"]
    )
    def test_a_date_that_is_none_is_refused(self, value: str) -> None:
        assert "not a v1.1 date" in refusal_of(status(created_at=value))


class TestBluesky:
    def test_id_author_and_language(self) -> None:
        post = post_of(event({"text": "hi", "langs": ["tl"]}))
        assert (post.post_id, post.author, post.lang) == ("did:plc:a/3k", "did:plc:a", "tl")

    @pytest.mark.parametrize(
        ("created", "counts"),
        [
            ("2026-05-25T14:23:29.157118Z", "2026-05-25T14:23:29.157118"),
            ("2026-05-25T14:23:29.157120Z", "2026-05-25T14:23:29.157119"),  # later than the host has seen it
            ("2013-05-25T22:23:28+08:00", "2013-05-25T14:23:28"),
            ("2013-05-25T22:23:28.123456789Z", "2013-05-25T22:23:28.123456"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00"),
            *((odd, "2026-05-25T14:23:29.157119") for odd in ("1969-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59")),
            *((odd, "2026-05-25T14:23:29.157119") for odd in ("2013-05-25T22:23:28", "2013-05-25", "", 5, None, ["x"])),
        ],
    )
    @pytest.mark.parametrize("repost", [False, True])
    def test_the_earlier_of_the_clients_time_and_the_hosts_counts(
        self, created: object, counts: str, repost: bool
    ) -> None:
        record = {"subject": {"uri": "at://did:plc:b/app.bsky.feed.post/3z"}} if repost else {"text": "hi"}
        collection = "app.bsky.feed.repost" if repost else "app.bsky.feed.post"
        post = post_of(event({**record, "createdAt": created}, collection=collection))
        assert post.event_at == datetime.fromisoformat(counts).replace(tzinfo=UTC)

    def test_facets_count_utf8_bytes(self) -> None:
        text = "é @bea 👍🏽 #Ta\u0301g www.x.ph"
        raw = text.encode()

        def facet(part: str, feature: dict[str, str]) -> dict[str, object]:
            start = raw.index(part.encode())
            index = {"byteStart": start, "byteEnd": start + len(part.encode())}
            return {"index": index, "features": [feature]}

        kind = "app.bsky.richtext.facet#"
        facets = [
            facet("@bea", {"$type": kind + "mention", "did": "did:plc:b"}),
            facet("#Ta\u0301g", {"$type": kind + "tag", "tag": "Ta\u0301g"}),
            facet("www.x.ph", {"$type": kind + "link", "uri": "https://www.x.ph/long"}),
        ]
        post = post_of(event({"text": text, "facets": facets}))
        assert (post.mentions, post.hashtags, post.urls) == (["did:plc:b"], ["tag"], ["https://www.x.ph/long"])
        assert post.folded == "e 👍🏽 #tag"

    def test_facets_that_cut_a_character_blank_nothing(self) -> None:
        facets = [
            {
                "index": {"byteStart": 1, "byteEnd": 2},
                "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "u"}],
            }
        ]
        assert post_of(event({"text": "éa", "facets": facets})).folded == "ea"

    def test_a_repost_names_its_target(self) -> None:
        record = {"subject": {"uri": "at://did:plc:b/app.bsky.feed.post/3z"}}
        post = post_of(event(record, collection="app.bsky.feed.repost"))
        assert (post.kind, post.retweet_of, post.retweet_of_author) == ("retweet", "did:plc:b/3z", "did:plc:b")

    @pytest.mark.parametrize("wrapped", [False, True])
    def test_a_quote(self, wrapped: bool) -> None:
        record = {"uri": "at://did:plc:b/app.bsky.feed.post/3z"}
        embed = {"record": {"record": record}} if wrapped else {"record": record}
        post = post_of(event({"text": "so", "embed": embed}))
        assert (post.kind, post.quote_of) == ("quote", "did:plc:b/3z")

    def test_a_like_carries_no_post(self) -> None:
        assert split(event({}, collection="app.bsky.feed.like")) == []
        assert split(event(None, operation="delete", collection="app.bsky.feed.like")) == []

    def test_a_deletion_is_a_unit_of_its_own(self) -> None:
        [deleted] = split(event(None, operation="delete"))
        assert isinstance(deleted, Unit)
        assert parse_deletion(deleted.format, deleted.payload).post_id == "did:plc:a/3k"

    @pytest.mark.parametrize(
        ("account", "becomes"),
        [
            (b'{"active":true}', "shown"),
            (b'{"active":false}', "hidden"),
            (b'{"active":false,"status":"suspended"}', "hidden"),
            (b'{"active":false,"status":"deleted"}', "deleted"),
        ],
    )
    def test_an_account_says_what_becomes_of_its_posts(self, account: bytes, becomes: Becomes) -> None:
        [unit] = split(b'{"did":"did:plc:a","time_us":1000000,"kind":"account","account":%b}' % account)
        assert isinstance(unit, Unit)
        said_at = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
        until = said_at if becomes == "deleted" else None
        assert parse_deletion(unit.format, unit.payload) == Deletion(
            source="bluesky", author="did:plc:a", becomes=becomes, said_at=said_at, until=until
        )


@pytest.mark.parametrize(
    "line", [b"", b"\r\n", b'{"errors":[{"title":"operational-disconnect"}]}', b'{"meta":{"result_count":0}}']
)
def test_heartbeats_and_notices_carry_no_post(line: bytes) -> None:
    assert split(line) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"data": {"author_id": "10', "not valid JSON"),
        (b"hello", "not valid JSON"),
        (b"[1, 2]", "wrong type or missing field: Expected `object`, got `array`"),
        (b'{"a": 1}', "not a post in a known format"),
        (b'{"id":"1","action":"delete"}', "a compliance row"),
        (stream_line(tweet(text=5)), "Expected `str`, got `int` - at `$.data.text`"),
        (
            stream_line({"text": "x", "author_id": "1", "created_at": "2016-05-01T12:00:00Z"}),
            "missing required field `id`",
        ),
        (stream_line({"id": "1", "text": "x", "author_id": "1"}), "missing required field `created_at`"),
        (stream_line(tweet(created_at="2016-05-01")), "Invalid RFC3339"),
        (stream_line(tweet(created_at="2016-05-01T12:00:00")), "timezone"),
        (stream_line(tweet(text="x" * 25_001)), "over-long text: 25,001 characters, x allows 25,000"),
        (stream_line(tweet(post_id="")), "empty post id"),
        (b'{"data":' + b"[" * 100_000, "not valid JSON"),
        (b'{"data":{"id":"1","text":"' + b"x" * 2_000_000 + b'"}}', "over-long post"),
    ],
)
def test_what_is_no_post_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    assert reason in refusal_of(line)


class TestTheRegistry:
    def test_every_network_has_a_format_and_every_format_a_network(self) -> None:
        assert {each.network for each in FORMATS} == set(NETWORKS)

    def test_no_two_parsers_have_one_name(self) -> None:
        names = [name for each in FORMATS for name in (*each.parsers, *each.deletions, *each.losses)]
        assert len(names) == len(set(names))

    def test_queued_messages_keep_the_names_of_their_parsers(self) -> None:
        assert {name for each in FORMATS for name in each.parsers} == {
            "x_v2",
            "x_v2_flat",
            "x_v11",
            "bluesky",
            "mastodon",
            "table_x",
            "table_bluesky",
            "table_mastodon",
            "pulso_x",
            "pulso_bluesky",
            "pulso_mastodon",
            "parsed_x",
            "parsed_bluesky",
            "parsed_mastodon",
        }
        assert set(DELETIONS) == {
            *("x_v11_delete", "x_v11_user", "x_compliance", "x_compliance_user", "x_compliance_event"),
            *("bluesky_delete", "bluesky_account", "mastodon_delete", "forget"),
        }

    def test_losses_keep_the_names_of_their_parsers(self) -> None:
        assert set(LOSSES) == {"x_v11_limit"}

    def test_every_format_with_posts_says_how_long_they_may_be(self) -> None:
        assert all((each.longest_text > 0) == bool(each.parsers) for each in FORMATS)

    @pytest.mark.parametrize(
        ("keys", "formats"),
        [
            ({"data": {}, "did": "a", "user": {}}, ["x_v2"]),
            ({"data": [{}, {}], "id_str": "1"}, ["x_v2", "x_v2"]),
            ({"did": "a", "account": {"active": False}, "event": "delete", "payload": 1}, ["bluesky_account"]),
            ({"event": "delete", "payload": 1, "delete": {}}, ["mastodon_delete"]),
            ({"event": "delete", "id_str": "1"}, ["x_v11"]),
            ({"delete": {}, "id_str": "1", "author_id": "2"}, ["x_v11_delete"]),
            ({"user": {}, "author_id": "2"}, ["x_v11"]),
            ({"author": {}, "action": "delete", "errors": []}, ["x_v2_flat"]),
            ({"data": None, "author_id": "2"}, ["x_v2_flat"]),
            ({"errors": [], "title": "Unavailable"}, []),
        ],
    )
    def test_the_first_format_that_recognises_a_line_is_its_format(
        self, keys: Mapping[str, object], formats: list[str]
    ) -> None:
        parts = split(orjson.dumps(keys))
        assert [part.format if isinstance(part, Unit) else part.reason for part in parts] == formats

    def test_an_unknown_line_is_told_every_format(self) -> None:
        known = "X v2 line, page or flattened, X v1.1, Jetstream, Mastodon"
        assert refusal_of(b'{"a": 1}') == f"not a post in a known format ({known})"

    def test_a_row_of_a_compliance_result_is_not_a_post(self) -> None:
        assert refusal_of(b'{"action": "delete", "id": "1", "errors": []}').startswith("a compliance row, not a post")
