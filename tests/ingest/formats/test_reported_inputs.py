"""Inputs that real tools and people produce: what is right for each. No engine is needed."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ingest.formats.post import PLACE, Deletion, Lost, Name, Post
from tests.support.mastodon_server import status as mastodon_status
from tests.support.posts import stream_line, tweet, user
from tests.support.reported import by_document, outcomes, outcomes_of, posts


def one(document: dict[str, Any]) -> Post:
    [found] = outcomes_of(orjson.dumps(document))
    assert isinstance(found, Post), found
    return found


def v11(**changes: Any) -> dict[str, Any]:
    base = {"id_str": "7", "created_at": "Sat Mar 01 10:00:00 +0000 2025", "text": "RT @Bea: cut…"}
    return {**base, "user": {"id_str": "10", "screen_name": "Ana"}, **changes}


class TestX:
    def test_01_twarc2_leaves_an_empty_object_for_a_missing_user(self) -> None:
        reply, unknown, retweet = posts("01")
        assert (reply.author, reply.kind, reply.reply_to_author) == ("ana_ok", "reply", "gone_user")
        assert (unknown.author, unknown.author_id, unknown.text) == (None, "502", "Rivera leads")
        assert (retweet.kind, retweet.retweet_of_author) == ("retweet", "old_one")

    def test_45_4cat_names_the_author_author_user(self) -> None:
        retweet, reply = posts("45")
        assert (retweet.author, retweet.author_followers, retweet.retweet_of_author) == ("ana_ok", 9, "old_handle")
        assert (reply.kind, reply.reply_to, reply.reply_to_author) == ("reply", "1894999999999999902", "bo")

    def test_29_who_is_meant_is_taken_from_wherever_the_payload_says_it(self) -> None:
        found = posts("29")
        assert [post.retweet_of_author for post in found[:2]] == ["old_handle", "old_handle"]
        assert found[0].text == "Rivera leads everywhere #Rivera2025"
        assert [post.reply_to_author for post in (found[2], found[4])] == ["old_handle", "old_handle"]
        assert found[3].quote_of_author == "old_handle"

    @pytest.mark.parametrize(
        ("text", "author"), [("@Bo hi", "bo"), ("@Bo @Cy hi", None), ("hi @Bo", None), ("@Bo", "bo"), ("@Boさん", "bo")]
    )
    def test_only_a_single_leading_handle_says_who_is_answered(self, text: str, author: str | None) -> None:
        data = tweet(text=text, in_reply_to_user_id="20", referenced_tweets=[{"type": "replied_to", "id": "9"}])
        assert one({"data": data}).reply_to_author == author

    def test_an_answered_account_has_the_id_that_its_mention_tells(self) -> None:
        data = tweet(text="@Bo hi", in_reply_to_user_id="20", referenced_tweets=[{"type": "replied_to", "id": "9"}])
        assert one({"data": data}).accounts == ["20 bo"]
        data["entities"] = {"mentions": [{"username": "Bo", "id": "30", "start": 0, "end": 3}]}
        assert one({"data": data}).accounts == ["30 bo"]

    def test_an_answer_to_oneself_goes_to_nobody_else(self) -> None:
        data = tweet(text="@Bo hi", in_reply_to_user_id="10", referenced_tweets=[{"type": "replied_to", "id": "9"}])
        assert one({"data": data}).reply_to_author is None
        assert one({"data": data, "includes": {"users": [user()]}}).reply_to_author == "ana"

    def test_30_a_broken_optional_part_is_left_out(self) -> None:
        found = by_document("30")
        kept = [each for line in found for each in line if isinstance(each, Post)]
        assert [post.post_id[-3:] for post in kept] == [str(n) for n in (*range(311, 326), 327, 328, 329)]
        assert [each for line in found for each in line if isinstance(each, str)] == [
            "wrong type or missing field: Object missing required field `text` - at `$.data`",  # a user
            "wrong type or missing field: Object missing required field `author_id` - at `$.data`",
            "wrong type or missing field: Object missing required field `id_str` - at `$.user`",
            "wrong type or missing field: Object missing required field `id_str` - at `$.user`",
        ]
        assert found[14] == [], "a notice"
        assert (kept[0].lat, kept[0].lon, kept[2].place) == (None, None, "Manila")

    def test_a_capture_without_entities_has_hashtags_and_mentions_in_its_text(self) -> None:
        [post] = [each for each in outcomes("30") if isinstance(each, Post) and each.post_id.endswith("316")]
        assert (post.hashtags, post.mentions) == (["rivera2025"], ["poe_ph"])
        text = "RT @Bea: @Cy #Rivera2025 ＃高市 #1 &amp; #cl…"
        retweet = one({"data": tweet(text=text, referenced_tweets=[{"type": "retweeted", "id": "9"}])})
        assert (retweet.retweet_of_author, retweet.mentions) == ("bea", ["cy"])
        assert retweet.hashtags == ["rivera2025", "高市"]
        old = one(v11(text="@Cy #Rivera2025", entities=None))
        assert (old.mentions, old.hashtags) == (["cy"], ["rivera2025"])
        asked = tweet(text="@nobody #x", entities={"urls": []})
        assert (one({"data": asked}).mentions, one({"data": asked}).hashtags) == ([], [])

    def test_a_flattened_post_may_have_its_author_id_in_the_author_alone(self) -> None:
        post = {key: value for key, value in tweet().items() if key != "author_id"}
        assert one({**post, "author": {"id": "10", "username": "Ana"}}).author_id == "10"
        assert outcomes_of(orjson.dumps({**post, "author": {}})) == ["empty author id"]

    def test_51_a_retweet_of_a_long_quote(self) -> None:
        [post] = posts("51")
        assert (post.text, post.hashtags) == ("very long text that ends with Rivera & Poe #Tag", ["tag"])
        assert (post.kind, post.retweet_of_author, post.quote_of) == ("retweet", "bo", None)

    def test_20_broken_text_costs_only_its_place(self) -> None:
        assert [post.text for post in posts("20")] == ["Rivera \ufffd ok", *(f"Rivera line {n}" for n in range(3))]
        assert [post.text for post in posts("20b")] == [*(f"Rivera line {n}" for n in range(3)), "Rivera \ufffd line 3"]
        whole = stream_line(tweet()).replace(b"hello", b"\\\\ud83c \\ud83d\\ude00 \\udc00\\ud83d")
        [post] = outcomes_of(whole)
        assert isinstance(post, Post)
        assert post.text == "\\ud83c \U0001f600 \ufffd\ufffd"

    @pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999", b"9" * 400])
    def test_what_is_no_number_counts_as_none(self, number: bytes) -> None:
        """Python's json and pandas write NaN where a value is missing."""
        said = 'say "NaN", 1e999 \\'
        line = orjson.dumps({**tweet(text=said), "author": user(), "geo": "?", "public_metrics": ["?"]})
        [post] = outcomes_of(line.replace(b'"?"', number))
        assert isinstance(post, Post), post
        assert (post.text, post.author) == (said, "ana")
        page = orjson.dumps({"data": [tweet(), tweet("2", geo="?")]}).replace(b'"?"', number)
        assert [each.post_id for each in outcomes_of(page) if isinstance(each, Post)] == ["1", "2"]

    @pytest.mark.parametrize(
        "broken",
        [
            *({"in_reply_to_user_id": {}}, {"in_reply_to_user_id": []}, {"geo": "Manila"}, {"geo": {"place_id": [1]}}),
            *({"referenced_tweets": 5}, {"referenced_tweets": [None, {"type": "quoted", "id": {}}]}),
            *({"attachments": 5}, {"attachments": {"media_keys": [{}]}}),
        ],
    )
    def test_a_broken_reference_of_a_page_costs_none_of_the_others(self, broken: dict[str, Any]) -> None:
        page = {"data": [tweet(**broken)], "includes": {"users": [user()]}}
        assert (one(page).author, one(page).author_followers) == ("ana", 5)

    def test_a_page_whose_ids_are_numbers(self) -> None:
        author, asked = {**user(), "id": 10}, {"id": 9, "text": "why", "author_id": 20}
        data = tweet(1, author_id=10, referenced_tweets=[{"type": "quoted", "id": 9}])  # type: ignore[arg-type]
        includes = {"users": [author, {**user(), "id": 20, "username": "Bea"}], "tweets": [asked]}
        post = one({"data": [data], "includes": includes})
        assert (post.author, post.quote_of, post.quote_of_author, post.accounts) == ("ana", "9", "bea", ["20 bea"])

    @pytest.mark.parametrize("name", ["23", "56"])
    def test_23_56_an_x_id_is_digits(self, name: str) -> None:
        found = outcomes(name)
        kept = [each.post_id for each in found if isinstance(each, Post)]
        assert kept == (["1895000000000000231"] if name == "23" else [])
        assert all("rounded" in each for each in outcomes("56") if isinstance(each, str))

    def test_a_reference_that_is_no_id_is_left_out(self) -> None:
        data = tweet(referenced_tweets=[{"type": "quoted", "id": "1.8e18"}, {"type": "replied_to", "id": "5"}])
        assert (one({"data": data}).quote_of, one({"data": data}).reply_to) == (None, "5")

    def test_24_notices_hide_remove_and_count(self) -> None:
        limit, scrub, *rest = (each for line in by_document("24") for each in line)
        assert limit == Lost(datetime(2025, 3, 1, 10, tzinfo=UTC), 37)
        assert isinstance(scrub, Deletion)
        assert (scrub.author_id, scrub.fields, scrub.until is None) == ("501", PLACE, False)
        deletions = [each for each in rest if isinstance(each, Deletion)]
        assert [each.becomes for each in deletions] == ["deleted", "hidden", "hidden", "shown"]
        assert len(deletions) == len(rest), "all other notices are about no post"

    def test_25_odd_statuses_are_kept(self) -> None:
        found = posts("25")
        assert [post.post_id[-3:] for post in found] == [str(n) for n in range(251, 268)]
        assert (found[4].author_id, found[9].post_id) == ("501", "1895000000000000260")
        assert [post.quote_of for post in found[5:8]] == ["9", "9", "9"]
        assert (found[8].kind, found[8].text, found[8].quote_of) == ("retweet", "Rivera & co <3", None)
        assert {post.event_at for post in found} == {datetime(2025, 3, 1, 10, tzinfo=UTC)}
        assert (found[16].lat, found[16].lon) == (14.5, 121.0)

    def test_a_retweet_whose_author_or_text_is_missing_stays_one(self) -> None:
        post = one(v11(retweeted_status={"id_str": "6", "user": None}))
        assert (post.kind, post.retweet_of, post.retweet_of_author, post.text) == (
            "retweet",
            "6",
            "bea",
            "RT @Bea: cut…",
        )

    @pytest.mark.parametrize("retweeted", [{}, {"id_str": None, "text": 5}, {"user": {"screen_name": 5}}])
    def test_a_retweet_whose_status_is_broken_stays_one(self, retweeted: dict[str, Any]) -> None:
        post = one(v11(retweeted_status=retweeted))
        assert (post.kind, post.retweet_of, post.retweet_of_author) == ("retweet", None, "bea")
        assert post.text == "RT @Bea: cut…"

    @pytest.mark.parametrize(
        ("changes", "author", "accounts"),
        [
            ({"in_reply_to_screen_name": "Bo", "in_reply_to_user_id": 20}, "bo", ["20 bo"]),
            ({"in_reply_to_user_id": 20, "text": "@Bo hi"}, "bo", ["20 bo"]),
            ({"in_reply_to_user_id_str": "10", "text": "@Bo hi"}, "ana", ["10 ana"]),
            ({"in_reply_to_user_id_str": "20", "text": "@Bo @Cy hi"}, None, []),
            (
                {
                    "in_reply_to_user_id_str": "30",
                    "text": "@Bo @Cy hi",
                    "entities": {"user_mentions": [{"screen_name": "Cy", "id_str": "30"}]},
                },
                "cy",
                ["30 cy"],
            ),
        ],
    )
    def test_who_is_answered_is_taken_from_wherever_a_status_says_it(
        self, changes: dict[str, Any], author: str | None, accounts: list[str]
    ) -> None:
        post = one(v11(**{"entities": {}, "in_reply_to_status_id": 6, **changes}))
        assert (post.kind, post.reply_to, post.reply_to_author, post.accounts) == ("reply", "6", author, accounts)

    def test_ids_that_only_stand_as_numbers_are_read_unless_rounded(self) -> None:
        assert one(v11(quoted_status_id=6)).quote_of == "6"
        assert one(v11(quoted_status_id=1.895e18, in_reply_to_status_id=1.895e18)).kind == "original"
        assert one(v11(retweeted_status={"id": 6, "text": "x"})).retweet_of == "6"

    def test_a_link_in_the_text_names_the_author_of_a_quoted_status(self) -> None:
        urls = [{"url": "https://t.co/a", "expanded_url": "https://x.com/Bea/status/6"}]
        assert one(v11(quoted_status_id_str="6", entities={"urls": urls})).quote_of_author == "bea"
        assert one(v11(quoted_status_id_str="7", entities={"urls": urls})).quote_of_author is None

    def test_a_page_of_premium_search(self) -> None:
        found = outcomes_of(orjson.dumps({"results": [v11()], "next": "x", "requestParameters": {"maxResults": 100}}))
        assert [each.post_id for each in found if isinstance(each, Post)] == ["7"]

    def test_the_link_to_a_quoted_status_names_its_author(self) -> None:
        link = {"expanded": "https://twitter.com/Bea/status/6"}
        assert one(v11(quoted_status_id_str="6", quoted_status_permalink=link)).quote_of_author == "bea"

    def test_a_quoted_status_says_which_it_is(self) -> None:
        assert one(v11(quoted_status={"id_str": "6", "user": None})).quote_of == "6"

    def test_a_page_of_search_and_a_site_stream(self) -> None:
        page = orjson.dumps({"statuses": [v11(), v11(id_str="8"), {}], "search_metadata": {}})
        assert [each.post_id if isinstance(each, Post) else "refused" for each in outcomes_of(page)] == [
            "7",
            "8",
            "refused",
        ]
        assert one({"for_user": 5, "message": v11()}).post_id == "7"

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            ({"delete": {"tweet": {"id": "5", "author_id": "7"}}}, ("5", None, "deleted", ())),
            ({"drop": {"tweet": {"id": "5"}}}, ("5", None, "hidden", ())),
            ({"undrop": {"tweet": {"id": "5"}}}, ("5", None, "shown", ())),
            ({"user_suspend": {"user": {"id": "7"}}}, (None, "7", "hidden", ())),
            ({"user_unprotect": {"user": {"id": 7}}}, (None, "7", "shown", ())),
            ({"scrub_geo": {"user": {"id": "7"}, "up_to_tweet_id": "99"}}, (None, "7", "deleted", PLACE)),
        ],
    )
    def test_events_of_the_compliance_streams(self, event: dict[str, Any], expected: tuple[Any, ...]) -> None:
        [found] = outcomes_of(orjson.dumps({"data": event}))
        assert isinstance(found, Deletion)
        assert (found.post_id, found.author_id, found.becomes, found.fields) == expected

    def test_events_that_change_nothing_are_skipped(self) -> None:
        for what in ("withheld", "tweet_edit", "user_withheld", "user_profile_modification"):
            assert outcomes_of(orjson.dumps({"data": {what: {"tweet": {"id": "5"}}}})) == []

    def test_a_post_that_begins_with_where_it_is_withheld_is_a_post(self) -> None:
        post = {"id": "1", "author_id": "2", "created_at": "2025-03-01T10:00:00.000Z", "text": "ana"}
        withheld = {"copyright": False, "country_codes": ["XX"]}
        [found] = outcomes_of(orjson.dumps({"data": {"withheld": withheld, **post}}))
        assert isinstance(found, Post)
        assert found.text == "ana"


class TestXWebsite:
    """X's own objects, as Zeeschuimer captures them."""

    def item(self, moved: bool = False, **changes: Any) -> dict[str, Any]:
        name = {"screen_name": "Ana"}
        person = {"rest_id": "10", "legacy": {"followers_count": 5, **({} if moved else name)}}
        legacy = {"created_at": "Sat Mar 01 10:00:00 +0000 2025", "full_text": "cut…", "lang": "en", "entities": {}}
        core = {"user_results": {"result": {**person, **({"core": name} if moved else {})}}}
        return {"rest_id": "7", "core": core, "legacy": {**legacy, **changes.pop("legacy", {})}, **changes}

    @pytest.mark.parametrize("moved", [False, True])
    @pytest.mark.parametrize("wrapped", [False, True])
    def test_a_post(self, moved: bool, wrapped: bool) -> None:
        item = self.item(moved)
        item = {"tweet": item, "legacy": None} if wrapped else item
        post = one({"source_platform": "twitter.com", "item_id": "7", "data": item})
        assert (post.post_id, post.author_id, post.author, post.author_followers) == ("7", "10", "ana", 5)
        assert (post.text, post.lang) == ("cut…", "en")

    def test_a_retweet_of_a_long_post_as_4cat_keeps_it(self) -> None:
        note = {"note_tweet_results": {"result": {"text": "whole", "entity_set": {"hashtags": [{"text": "Tag"}]}}}}
        inner = {**self.item(), "rest_id": "6", "note_tweet": note}
        post = one(self.item(legacy={"retweeted_status_result": {"result": inner}}))
        assert (post.kind, post.retweet_of, post.retweet_of_author) == ("retweet", "6", "ana")
        assert (post.text, post.hashtags) == ("whole", ["tag"])

    def test_a_quote_whose_post_is_gone_is_kept(self) -> None:
        post = one(
            self.item(
                legacy={"quoted_status_id_str": "6"}, quoted_status_result={"result": {"tombstone": {"text": {}}}}
            )
        )
        assert (post.kind, post.quote_of) == ("quote", "6")

    def test_items_of_other_sites_are_named(self) -> None:
        [reason] = outcomes_of(orjson.dumps({"source_platform": "tiktok.com", "data": {"id": "1"}}))
        assert reason == "an item of tiktok.com, which is no network that is read"


class TestBluesky:
    def test_11_records_that_break_the_lexicon_keep_their_text(self) -> None:
        found = posts("11")
        assert len(found) == 14
        assert all("Rivera" in post.text or post.post_id.endswith(("79", "84")) for post in found)
        assert found[2].urls == ["https://news.example/a/b/c/d"]

    def test_a_repost_of_something_else_than_a_post_is_no_post(self) -> None:
        def repost(record: object) -> bytes:
            commit = {"operation": "create", "collection": "app.bsky.feed.repost", "rkey": "3k", "record": record}
            return orjson.dumps({"did": "did:plc:a", "time_us": 1, "kind": "commit", "commit": commit})

        for what in ("feed.generator", "graph.list", "graph.starterpack"):
            assert outcomes_of(repost({"subject": {"uri": f"at://did:plc:b/app.bsky.{what}/x"}})) == []
        assert outcomes_of(repost({})) == ["a repost without a subject"]

    @pytest.mark.parametrize("record", [{}, {"text": None}, {"text": 5}])
    def test_a_record_without_text_is_refused(self, record: dict[str, Any]) -> None:
        commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3k", "record": record}
        [reason] = outcomes_of(orjson.dumps({"did": "did:plc:a", "time_us": 1, "commit": commit}))
        assert reason == "no text"

    def test_12_other_events(self) -> None:
        found = by_document("12")
        assert [each.becomes for line in found[:4] for each in line if isinstance(each, Deletion)] == [
            *("hidden", "hidden", "hidden", "shown")
        ]
        told = datetime(2025, 3, 1, 10, tzinfo=UTC)
        assert found[4] == [Name(source="bluesky", author_id="did:plc:a", handle="new.example", at=told)]
        assert found[5:8] == [[], [], []]
        assert found[9] == [], "a repost of a feed"
        reposted, *rest = (line[0] for line in (found[8], *found[10:]))
        assert isinstance(reposted, Post)
        assert reposted.kind == "retweet"
        times = [post.event_at.isoformat() for post in rest if isinstance(post, Post)]
        assert times == [
            "2024-09-01T10:00:00+00:00",  # Jetstream's first releases
            "1970-01-01T00:00:00+00:00",
            "2025-03-01T10:00:00+00:00",
            "2025-03-01T10:00:00+00:00",  # without time_us
        ]

    def test_a_time_of_zero_is_no_time(self) -> None:
        record = {"text": "Rivera", "createdAt": "2025-03-01T10:00:00Z"}
        commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3k", "record": record}
        [post] = outcomes_of(orjson.dumps({"did": "did:plc:a", "time_us": 0, "kind": "commit", "commit": commit}))
        assert isinstance(post, Post)
        assert (post.event_at, post.version_us) == (datetime(2025, 3, 1, 10, tzinfo=UTC), None)
        [renamed] = outcomes_of(b'{"did":"did:plc:a","time_us":0,"kind":"identity","identity":{"handle":"a.example"}}')
        assert renamed == "an identity event without a time"

    @pytest.mark.parametrize("time_us", [-5, 2**62, "1740823200000000"])
    def test_a_time_that_is_none_costs_no_post(self, time_us: object) -> None:
        record = {"text": "Rivera", "createdAt": "2025-03-01T10:00:00Z"}
        post = one(self.made(record) | {"time_us": time_us})
        assert (post.event_at, post.version_us) == (datetime(2025, 3, 1, 10, tzinfo=UTC), None)

    def test_a_record_without_a_key_is_no_post(self) -> None:
        assert outcomes_of(orjson.dumps(self.made({"text": "Rivera"}, rkey=""))) == ["a commit without a record key"]

    def test_the_card_beside_a_quote_is_a_link(self) -> None:
        quoted = {"record": {"uri": "at://did:plc:b/app.bsky.feed.post/3k"}}
        embed = {"record": quoted, "media": {"external": {"uri": "https://n.example/a", "title": "Rivera"}}}
        post = one(self.made({"text": "so", "embed": embed}))
        assert (post.kind, post.urls, post.text_more) == ("quote", ["https://n.example/a"], "Rivera")

    def test_the_first_language_that_is_one_is_the_language(self) -> None:
        post = one(self.made({"text": "so", "langs": [None, 5, "", "en-US"]}))
        assert (post.lang, post.languages) == ("en-US", ["en-US"])

    def made(self, record: dict[str, Any], rkey: str = "3k") -> dict[str, Any]:
        commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": rkey, "record": record}
        return {"did": "did:plc:a", "time_us": 1740823200000000, "kind": "commit", "commit": commit}

    def test_42_an_account_goes_and_comes_back(self) -> None:
        [away], [back, post] = outcomes("42a"), outcomes("42b")
        assert isinstance(away, Deletion)
        assert isinstance(back, Deletion)
        assert (away.becomes, back.becomes, isinstance(post, Post)) == ("hidden", "shown", True)

    @pytest.mark.parametrize("account", [{}, {"active": "no"}, {"active": None, "status": "deleted"}])
    def test_an_account_is_back_only_if_the_network_says_so(self, account: dict[str, Any]) -> None:
        [reason] = outcomes_of(orjson.dumps({"did": "did:plc:a", "time_us": 1, "kind": "account", "account": account}))
        assert reason == "an account's event that does not say whether it is active"

    def test_49_the_second_wire_format(self) -> None:
        [post] = posts("49")
        assert (post.post_id, post.text) == ("did:plc:eeeeeeeeeeeeeeeeeeeeeeee/3lj2aaaaaaa22", "Rivera leads")
        assert (post.event_at, post.version_us) == (datetime(2026, 8, 20, 10, tzinfo=UTC), 1787220000000001)

    @pytest.mark.parametrize(
        ("payload", "becomes"),
        [
            ({"$type": "x.jetstream.y#account", "active": False, "status": "deactivated"}, "hidden"),
            ({"$type": "x.jetstream.y#account", "active": False, "status": "deleted"}, "deleted"),
            (
                {
                    "$type": "x.jetstream.y#commit",
                    "operation": "delete",
                    "collection": "app.bsky.feed.post",
                    "rkey": "3",
                },
                "deleted",
            ),
        ],
    )
    def test_deletions_in_the_second_wire_format(self, payload: dict[str, Any], becomes: str) -> None:
        about = {"did": "did:plc:a", "time": "2026-08-20T10:00:00Z"}
        [found] = outcomes_of(orjson.dumps({"$type": "message", "payload": {**payload, **about}}))
        assert isinstance(found, Deletion)
        assert (found.author, found.becomes) == ("did:plc:a", becomes)

    def test_a_handle_in_the_second_wire_format(self) -> None:
        payload = {"$type": "x.jetstream.y#identity", "did": "did:plc:a", "handle": "Ana.example"}
        at = "2026-08-20T10:00:00Z"
        [named] = outcomes_of(orjson.dumps({"$type": "message", "payload": {**payload, "time": at}}))
        [untimed] = outcomes_of(orjson.dumps({"$type": "message", "payload": payload}))
        assert isinstance(named, Name)
        assert (named.author_id, named.handle, named.at.isoformat()) == ("did:plc:a", "ana.example", f"{at[:-1]}+00:00")
        assert untimed == "an identity event without a time"

    def test_52_an_old_post_imported_today_counts_when_it_was_written(self) -> None:
        assert posts("52")[0].event_at == datetime(2014, 5, 28, 12, 0, 12, tzinfo=UTC)


class TestMastodon:
    def test_28_odd_fields_and_shapes(self) -> None:
        found = by_document("28")
        kept = {post.post_id[-2:]: post for line in found for post in line if isinstance(post, Post)}
        refused = [each for line in found for each in line if isinstance(each, str)]
        assert sorted(kept) == sorted([*(str(n) for n in range(31, 50) if n not in (42, 44)), "yz"])
        assert refused == [
            "wrong type or missing field: Expected `datetime` with a timezone component - at `$.payload.created_at`"
        ]
        assert [kept["35"].author, *kept["35"].mentions] == ["zed@bücher.example"] * 2
        assert [kept["36"].author, *kept["36"].mentions, kept["36"].reply_to_author] == ["local@social.example"] * 3
        assert {kept[n].author for n in ("31", "37", "38", "39", "40", "49")} == {"ana@social.example"}
        assert kept["43"].author_followers is None

    @pytest.mark.parametrize("visibility", [5, None, "private", "direct"])
    def test_what_may_be_private_is_never_taken_for_public(self, visibility: object) -> None:
        assert not [each for each in outcomes_of(_update(visibility=visibility)) if isinstance(each, Post)]
        assert not [each for each in outcomes_of(_update(visibility=visibility, text=True)) if isinstance(each, Post)]

    def test_a_server_whose_accounts_bear_another_domain_has_one_name(self) -> None:
        account = {"id": "1", "acct": "Ana", "url": "https://web.e.social/@Ana"}
        mentions = [{"id": "1", "acct": "ana"}, {"id": "2", "acct": "bo", "url": "https://web.e.social/@bo"}]
        reply = {"in_reply_to_id": "5", "in_reply_to_account_id": "2"}
        payload = mastodon_status(1, account=account, mentions=mentions, **reply)
        for server in ("", "e.social", "web.e.social"):
            post = one({"event": "update", "server": server, "payload": payload})
            assert (post.author, post.mentions, post.reply_to_author) == (
                "ana@web.e.social",
                ["ana@web.e.social", "bo@web.e.social"],
                "bo@web.e.social",
            )

    def test_a_thread_and_a_page_of_search(self) -> None:
        first, second = mastodon_status(1), mastodon_status(2)
        for page in ({"ancestors": [first], "descendants": [second]}, {"accounts": [], "statuses": [first, second]}):
            found = outcomes_of(orjson.dumps(page))
            assert [post.post_id for post in found if isinstance(post, Post)] == [first["id"], second["id"]]

    def test_a_broken_status_of_a_page_costs_none_of_its_neighbours(self) -> None:
        private = {**mastodon_status(2), "visibility": "private"}
        odd = [None, 5, {}, {**mastodon_status(1), "visibility": 5}, private, {"event": "update", "payload": private}]
        found = outcomes_of(orjson.dumps({"accounts": [], "statuses": [*odd, mastodon_status(3)]}))
        assert [each.post_id for each in found if isinstance(each, Post)] == [mastodon_status(3)["id"]]
        assert len(found) == len(odd), "all but the private one are refused"

    @pytest.mark.parametrize(
        ("quote", "author"),
        [
            ({"state": "accepted", "quoted_status_id": "5"}, None),
            ({"state": "accepted", "quoted_status": {"id": "5", "account": None}}, None),
            (
                {"state": "accepted", "quoted_status": {"id": "5", "account": {"id": "9", "acct": "Eve@e.social"}}},
                "eve@e.social",
            ),
            ({"id": "5", "account": {"id": "9", "acct": "Eve@e.social"}}, "eve@e.social"),
        ],
    )
    def test_quotes_shallow_and_whole(self, quote: dict[str, Any], author: str | None) -> None:
        post = one(mastodon_status(1, quote=quote))
        assert (post.kind, post.quote_of, post.quote_of_author) == ("quote", "5", author)

    def test_an_id_of_a_quote_may_be_a_number_or_stand_by_itself(self) -> None:
        assert one(mastodon_status(1, quote={"state": "accepted", "quoted_status_id": 5})).quote_of == "5"
        assert one(mastodon_status(1, quote_id="5")).quote_of == "5"
        assert one(mastodon_status(1, quote={"state": "pending", "quoted_status": None})).kind == "original"

    def test_a_boost_without_a_usable_account_stays_one(self) -> None:
        boosted = {**mastodon_status(2, "<p>Rivera</p>"), "account": None}
        post = one(mastodon_status(1, "<p>cut</p>", reblog=boosted))
        assert (post.kind, post.retweet_of, post.retweet_of_author, post.text) == (
            *("retweet", boosted["id"]),
            *(None, "Rivera"),
        )
        assert one(mastodon_status(1, "<p>cut</p>", reblog={"id": "5"})).text == "cut"

    def test_an_account_of_an_unknown_server_has_its_name_alone(self) -> None:
        assert one(mastodon_status(1, account={"id": "1", "acct": "Ana"})).author == "ana"

    def test_the_link_to_what_is_quoted_is_no_text(self) -> None:
        content = '<p class="quote-inline">RE: <a href="https://e.social/@eve/5">e.social/@eve/5</a></p><p>so true</p>'
        assert (one(mastodon_status(1, content)).text, one(mastodon_status(1, content)).urls) == ("so true", [])
        content = (
            '<p>so <b>true</b><span class="quote-inline"><br>RT: <span>x</span> <a href="u">u</a></span></p><p>yes</p>'
        )
        assert one(mastodon_status(1, content)).text.split() == ["so", "true", "yes"]


def _update(text: bool = False, **changes: object) -> bytes:
    payload = {**mastodon_status(1), **changes}
    return orjson.dumps({"event": "update", "payload": orjson.dumps(payload).decode() if text else payload})


def test_50_formats_mixed_in_one_file() -> None:
    assert [post.source for post in posts("50")] == ["x", "x", "bluesky", "mastodon", "x"]


def test_many_faults_cost_no_post_and_end() -> None:
    tags: list[Any] = [{"tag": 5}, None, {"tag": "Ok"}] * 500
    assert one({"data": tweet(text="kept", entities={"hashtags": tags[:30]})}).hashtags == ["ok"]
    assert one({"data": tweet(text="kept", entities={"hashtags": tags})}).text == "kept"
