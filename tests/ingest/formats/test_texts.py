"""What people and programs write around a name, as each network sends it: what is read, and who is counted.

Each part is a fault that people have reported of tools of this field; the texts are made up.
"""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import regex

from conf.aliases import alias_pattern
from ingest.formats import Unit, parse, split
from ingest.formats.markup import Markup
from ingest.formats.post import Post
from tests.ingest.sources.bluesky.test_live_bluesky import AT
from tests.support.bluesky import event
from tests.support.mastodon_server import status
from tests.support.posts import stream_line, tweet

LINK = "https://news.example/a/b/c/d"
READ = f"Read {LINK} Rivera leads poll"


def post_of(line: bytes) -> Post:
    (unit,) = split(line)
    assert isinstance(unit, Unit), unit
    return parse(unit.format, unit.payload)


def x(text: str, **entities: Any) -> Post:
    return post_of(stream_line(tweet(text=text, entities=entities)))


def v11(text: str, **entities: Any) -> Post:
    person = {"id_str": "10", "screen_name": "Ana"}
    line = {"id_str": "7", "created_at": "Mon Dec 02 14:16:05 +0000 2019", "user": person, "text": text}
    return post_of(orjson.dumps({**line, "entities": entities}))


def facet(start: object, end: object, kind: str, **value: object) -> dict[str, Any]:
    feature = {"$type": f"app.bsky.richtext.facet#{kind}", **value}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


def bluesky(text: str, *facets: object, **more: object) -> Post:
    return post_of(event({"text": text, "facets": list(facets), **more}, AT))


def mastodon(content: str, **changes: Any) -> Post:
    payload = status(1, content, **changes)
    return post_of(orjson.dumps({"event": "update", "server": "s.example", "payload": payload}))


def names(post: Post, *aliases: str) -> list[str]:
    return [alias for alias in aliases if regex.search(alias_pattern([alias]), post.folded)]


class TestX:
    @pytest.mark.parametrize(
        ("text", "spans", "alias"),
        [
            ("@abc_123さんと高市早苗の討論を見た", {"mentions": [{"start": 0, "end": 8, "username": "a"}]}, "高市早苗"),
            ("記事はこちらhttps://t.co/AbCdEf1234、高市早苗が出馬へ", {"urls": [{"start": 6, "end": 29}]}, "高市早苗"),
            ("（https://t.co/AbCdEf1234）高市早苗が出馬へ", {}, "高市早苗"),
            ("看看這個https://t.co/AbCdEf1234韓國瑜說要選", {}, "韓國瑜"),
            ("ฟังhttps://t.co/AbCdEf1234พิธาพูด", {}, "พิธา"),
            ("@abc_123님 이재명 토론 봤어요", {}, "이재명"),
        ],
    )  # fmt: skip
    def test_a_handle_and_a_link_end_where_their_letters_end(
        self, text: str, spans: Mapping[str, Any], alias: str
    ) -> None:
        post = x(text, **spans)
        assert names(post, alias, "abc", "abc_123", "https", "t.co") == [alias]

    def test_a_span_ends_a_link_where_the_pattern_would_go_on(self) -> None:
        text = "A &amp; B https://t.co/AbCdEf1234,Rivera"
        urls = [{"start": 10, "end": 33, "url": "https://t.co/AbCdEf1234"}]
        assert x(text).folded == "a & b"
        assert x(text, urls=urls).folded == "a & b ,rivera"
        ends = [{"indices": [10, 33], "url": "https://t.co/AbCdEf1234"}]
        assert v11(text, urls=ends).folded == "a & b ,rivera"

    @pytest.mark.parametrize("shown", ["http://ex.example/путин", "www.путин.example", "https://ex.example/مصر/路"])
    def test_a_span_tells_an_address_that_the_pattern_does_not_find(self, shown: str) -> None:
        text, end = f"see {shown} now", 4 + len(shown)
        assert x(text).folded != "see now"
        assert x(text, urls=[{"start": 4, "end": end, "url": shown}]).folded == "see now"
        assert v11(text, urls=[{"indices": [4, end], "url": shown}]).folded == "see now"

    @pytest.mark.parametrize("person", [{"id": 10, "id_str": "10"}, {"id_str": "10", "screen_name": 5}])
    def test_a_capture_without_the_accounts_handles_keeps_its_posts(self, person: Mapping[str, Any]) -> None:
        line = {"id_str": "7", "created_at": "Mon Dec 02 14:16:05 +0000 2019", "user": person, "text": "RT @Ben: hi"}
        retweeted = {**line, "id_str": "6", "text": "hi", "user": {"id_str": "11"}}
        answer = {**line, "text": "yes", "in_reply_to_status_id_str": "5", "in_reply_to_user_id_str": "10"}
        found = post_of(orjson.dumps({**line, "retweeted_status": retweeted}))
        assert (found.author_id, found.author, found.text) == ("10", None, "hi")
        assert (found.retweet_of, found.retweet_of_author) == ("6", "ben")
        answered = post_of(orjson.dumps(answer))
        assert (answered.author, answered.reply_to, answered.reply_to_author) == (None, "5", None)

    @pytest.mark.parametrize("ends", [[0, 99], [-5, 3], [3, 3], ["0", "3"], [0], None, {"a": 1}, [None, 6], [0, 6]])
    def test_spans_that_are_wrong_take_nothing(self, ends: Any) -> None:
        start, end = ends if isinstance(ends, list) and len(ends) == 2 else (ends, ends)
        urls, mentions = [{"start": start, "end": end, "url": "u"}], [{"start": start, "end": end, "username": "Ana"}]
        assert x("Rivera leads", urls=urls, mentions=mentions).folded == "rivera leads"
        people = [{"indices": ends, "screen_name": "Ana"}]
        assert v11("Rivera leads", urls=[{"indices": ends}], user_mentions=people).folded == "rivera leads"

    def test_places_count_characters_of_the_text_as_sent(self) -> None:
        text = "🔥&lt;3 @old_handle_of_twenty Rivera"
        assert x(text).folded == "🔥<3 @old_handle_of_twenty rivera"
        assert x(text, mentions=[{"start": 7, "end": 28, "username": "old_handle_of_twenty"}]).folded == "🔥<3 rivera"

    @pytest.mark.parametrize("text", ["이재명이 앞선다", "이재명은 오늘", "오늘 이재명 후보", "한동훈을 지지"])
    def test_korean_particles_stand_after_a_name(self, text: str) -> None:
        assert names(x(text), "이재명", "한동훈")

    @pytest.mark.parametrize(
        ("texts", "alias"),
        [
            (("KILIÇDAROĞLU konuştu", "Kılıçdaroğlu konuştu", "Kilicdaroglu konustu"), "Kılıçdaroğlu"),
            (("Malgorzata Kidawa-Blonska", "Małgorzata Kidawa-Błońska"), "Kidawa-Błońska"),
            (("Soren Pape", "Søren Pape"), "Søren Pape"),
            (("Beto O’Rourke rallies", "Beto O'Rourke rallies", "Beto O`Rourke", "Beto O´Rourke"), "O'Rourke"),
            (("Ocasio‑Cortez and", "Ocasio–Cortez", "Ocasio-Cortez speaks", "Ocasio—Cortez"), "Ocasio-Cortez"),
            (("Ri\u200bvera leads", "Ri\u00advera leads", "𝗥𝗶𝘃𝗲𝗿𝗮", "Ｒｉｖｅｒａ", "Rivera\u200d♂️ leads"), "rivera"),
            (("محـــمد مرسي", "مُحَمَّد مرسي", "ومحمد مرسي قال", "محمد مرسي"), "محمد مرسي"),
        ],
    )
    def test_one_name_in_its_spellings(self, texts: tuple[str, ...], alias: str) -> None:
        assert [names(x(text), alias) for text in texts] == [[alias]] * len(texts)
        assert len({x(text).folded.split()[0] for text in texts[:2]}) == 1

    def test_a_letter_of_another_script_is_another_letter(self) -> None:
        assert names(x("Rіvera leads"), "rivera") == []


class TestBluesky:
    @pytest.mark.parametrize(
        ("facets", "folded"),
        [
            ([(5, 33)], "read rivera leads poll"),
            ([(5, 33)] * 3, "read rivera leads poll"),
            ([(5, 33), (5, 25)], "read rivera leads poll"),
            ([(5, 25), (15, 33)], "read rivera leads poll"),
            ([(0, 9999)], "read rivera leads poll"),
            ([(-3, 33), (33, 5), (40, 41)], "read rivera leads poll"),
        ],
    )
    def test_facets_that_repeat_overlap_or_lie_outside(self, facets: list[tuple[int, int]], folded: str) -> None:
        assert bluesky(READ, *(facet(*ends, "link", uri=LINK) for ends in facets)).folded == folded

    def test_a_mention_that_is_named_three_times(self) -> None:
        mention = facet(0, 12, "mention", did="did:plc:b")
        post = bluesky("@ana.example and Rivera at rally", mention, mention, mention)
        assert (post.folded, post.mentions) == ("and rivera at rally", ["did:plc:b"])

    def test_a_link_that_is_shown_as_a_headline_is_text(self) -> None:
        assert bluesky("Rivera leads in new poll", facet(0, 24, "link", uri=LINK)).folded == "rivera leads in new poll"
        post = bluesky("New: Rivera leads in new poll (news.example/a...)", facet(5, 29, "link", uri=LINK),
                       facet(31, 48, "link", uri=LINK))  # fmt: skip
        assert (post.folded, post.urls) == ("new: rivera leads in new poll ( )", [LINK])

    @pytest.mark.parametrize("tag", ["Rivera2025", "#Rivera2025", "＃Rivera2025", " Rivera2025", "#Rivera 2025"])
    def test_a_hashtag_is_stored_without_its_sign(self, tag: str) -> None:
        assert bluesky("＃Rivera2025 now", facet(0, 13, "tag", tag=tag)).hashtags == ["rivera2025"]
        assert bluesky("now", tags=[tag, "#", 5, None]).hashtags == ["rivera2025"]

    def test_a_hashtag_without_a_facet_is_only_text(self) -> None:
        post = bluesky("#Rivera2025 no facet")
        assert (post.hashtags, post.folded) == ([], "#rivera2025 no facet")

    @pytest.mark.parametrize(
        "facets",
        [
            5, {}, [5, None, {}], [{"index": {}, "features": None}], [facet("0", "9", "link", uri=LINK)],
            [facet(0, 9, "link", uri=5)], [facet(0, 9, "mention")], [facet(0, 9, "tag", tag={})],
            [facet(0.0, True, "link", uri=LINK)], [{"index": None, "features": [None]}], [facet(0, 9, "other")],
        ],
    )  # fmt: skip
    def test_a_facet_that_can_not_be_used_is_left_out(self, facets: object) -> None:
        assert post_of(event({"text": "Rivera é leads", "facets": facets, "tags": 5}, AT)).folded == "rivera e leads"

    def test_a_facet_that_cuts_a_character_takes_nothing(self) -> None:
        assert bluesky("é.ph Rivera", facet(1, 5, "link", uri="http://é.ph")).folded == "e.ph rivera"


class TestMastodon:
    @pytest.mark.parametrize(
        ("content", "folded"),
        [
            ('<p>Read <a href="https://n.example/x">Rivera leads in poll</a></p>', "read rivera leads in poll"),
            (
                '<p>Read <a href="https://n.example/xyyyy"><span class="invisible">https://</span>'
                '<span class="ellipsis">n.example/x</span><span class="invisible">yyyy</span></a> Rivera</p>',
                "read rivera",
            ),
            ("<ol><li>Rivera</li><li>Poe</li></ol><pre><code>Rivera &lt;3 &amp;amp;</code></pre><blockquote>Q"
             "</blockquote>end", "rivera poe rivera <3 &amp; q end"),
            ("<p>Riv<wbr>era</p><p>Ri&shy;vera</p><p>Ri&#8203;vera</p>", "rivera rivera rivera"),
            ('<p><a href="https://s.example/tags/R" class="mention hashtag" rel="tag">#<span>R</span></a></p>', "#r"),
            ('<span class="h-card"><a href="https://o.example/@bo" class="u-url mention">@<span>bo</span></a></span> '
             "Rivera", "rivera"),
            ('<a href="https://o.example/@bo" class="u-url mention">Rivera</a> x', "rivera x"),
            ("plain text Rivera, no tags", "plain text rivera, no tags"),
            ("<p>Rivera</p><script>alert(1)</script><style>p{}</style>", "rivera"),
            ("<p>Line one<br />Rivera<br>three</p><p></p>", "line one rivera three"),
            ('<p>Rivera <img class="custom-emoji" alt=":rivera:"/> :rivera:</p>', "rivera :rivera:"),
            ("<p>Results:</p><ul><li>Poe</li></ul>Rivera leads", "results: poe rivera leads"),
            ("<p>see</p><pre><code>Rivera</code></pre>", "see rivera"),
            ("<blockquote>Poe said</blockquote>Rivera replied", "poe said rivera replied"),
            ("<h2>Rivera</h2>leads", "rivera leads"),
            ("<div>Poe</div><div>Rivera</div>", "poe rivera"),
            ("<table><tr><td>Poe</td><td>Rivera</td></tr></table>x", "poe rivera x"),
            ('<p class="quote-inline">RE: <a href="https://s.example/1">s.example/1</a></p><p>Rivera</p>', "rivera"),
            ('<p><span class="invisible">a<b>b</p>Rivera</i></div>', "rivera"),
            ('<a href="https://n.example/a">n.example/a <a href="https://m.example/b">m.example/b', ""),
            ("5 < 6 &unknown; <", "5 < 6 &unknown; <"),
            ("<center>Poe</center>Rivera<dialog>x</dialog>", "poe rivera x"),
            ('Poe<img alt="x">Rivera<video src="x"></video>x', "poe rivera x"),
            ("<ruby>高市<rp>(</rp><rt>たかいち</rt><rp>)</rp></ruby>早苗が", "高市早苗が たかいち"),
            ("<ruby>高市<rt>たかいち</ruby>早苗", "高市早苗 たかいち"),
        ],
    )  # fmt: skip
    def test_blocks_break_words_and_links_that_are_words_are_text(self, content: str, folded: str) -> None:
        assert mastodon(content).folded == folded

    def test_a_warning_is_text_before_the_text(self) -> None:
        post = mastodon("<p>Rivera</p>", spoiler_text="Poe <b>")
        assert (post.text.split(), post.folded) == (["Poe", "<b>", "Rivera"], "poe <b> rivera")

    def test_elements_that_never_end_take_no_long_time(self) -> None:
        assert mastodon("<b>" * 30_000 + "x" + "</i>" * 30_000 + "</p>").folded == "x"

    @pytest.mark.parametrize("piece", ["<a", "a", "<a class='", ' class="', "</", "<!--", "&amp", "<p><a href=x>"])
    def test_hostile_markup_takes_no_long_time(self, piece: str) -> None:
        Markup("<" + piece * 100_000)  # a step that looks back through all of it would need minutes
        Markup(f"<a {piece * 100_000}>x")
