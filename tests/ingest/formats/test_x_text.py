"""What a text of X, or a link to a post, tells: who is answered, retweeted or quoted."""

import pytest

from ingest.formats.x_text import RT, answered_in, earlier_of, names_in, owner_in, retweeted_in, tags_in


@pytest.mark.parametrize(
    ("link", "owner"),
    [
        ("https://twitter.com/Ana_B/status/12", "ana_b"),
        ("http://www.twitter.com/ana/statuses/12?s=20", "ana"),
        ("https://mobile.x.com/ana/status/12/photo/1", "ana"),
        ("https://twitter.com/#!/ana/status/12", "ana"),
        ("x.com/ian/status/12", "ian"),
        ("https://x.com/i/status/12", None),
        ("https://twitter.com/i/web/status/12", None),
        ("https://x.com/ana/status/123", None),
        ("https://nottwitter.com/ana/status/12", None),
        ("https://evil.example/?x.com/ana/status/12", None),
    ],
)
def test_a_link_tells_whose_post_it_is(link: str, owner: str | None) -> None:
    assert owner_in([None, "https://example.com", link], "12") == owner


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("RT @Ana: hello", "ana", "hello"),
        ("RT @Ana:hello", "ana", "hello"),
        ("RT @Ana hello", "ana", "hello"),
        ("RT @Ana:", "ana", ""),
        ("RT @Ana's words", None, ""),
        ("so RT @Ana: hello", None, ""),
    ],
)
def test_the_beginning_of_a_retweet_names_its_author(text: str, name: str | None, rest: str) -> None:
    assert retweeted_in(text) == name
    if name:
        assert RT.sub("", text, count=1) == rest


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(("@Ana hi", "ana"), ("＠Ana: hi", "ana"), ("@Ana @Bob hi", None), ("hi @Ana", None)),
        *(("@José hi", None), ("@Ana@example.social hi", None), ("@Ana\u0301 hi", None)),
    ],
)
def test_a_reply_to_one_begins_with_the_handle(text: str, name: str | None) -> None:
    assert answered_in(text) == name


def test_of_an_edit_history_only_earlier_versions_count() -> None:
    assert earlier_of(["9", "10", "11", "x"], "10") == ["9"]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#Rivera2025, (#a) ＃高市! #1 #１ #1a #_ #__", ["Rivera2025", "a", "高市", "1a"]),
        ("#مُحَمَّد #می\u200cخواهم #ارز״ל #שָׁלוֹם", ["مُحَمَّد", "می\u200cخواهم", "ارز״ל", "שָׁלוֹם"]),
        ("#မြန်မာ #ខ្មែរ #ລາວດີ #นายก #नरेंद्र", ["မြန်မာ", "ខ្មែរ", "ລາວດີ", "นายก", "नरेंद्र"]),
        ("#Nguye\u0302\u0303n #カ\u3099ンハ\u3099 #ｶﾞﾝﾊﾞ", ["Nguye\u0302\u0303n", "カ\u3099ンハ\u3099", "ｶﾞﾝﾊﾞ"]),
        ("#ジョー・バイデン #𞤀𞤣𞤤𞤢𞤥", ["ジョー・バイデン", "𞤀𞤣𞤤𞤢𞤥"]),
        ("❤️#a 🔥#b #️⃣c a#d é#e مُ#f /#g &#h #i#j #k://l #m… \u202e#n\u202c", ["a", "b", "n"]),
    ],
)
def test_a_hashtag_ends_where_its_letters_and_marks_end(text: str, tags: list[str]) -> None:
    assert tags_in(text) == tags


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("RT @Ana: RT@bo: .@cy ＠Dan 高@eve éx@fay @gus's @hal-x", ["ana", "bo", "cy", "dan", "eve", "gus", "hal"]),
        ("@ana@example.social @José me@ex.ph !@bo @@cy @dan://x @eve… @more_than_fifteen_signs", []),
    ],
)
def test_a_handle_is_one_of_this_network(text: str, names: list[str]) -> None:
    assert names_in(text) == names


@pytest.mark.parametrize("piece", ["#", "#1", "1", "#_", "# ", "@a", "@a@", "#\u0301"])
def test_a_hostile_text_takes_no_long_time(piece: str) -> None:
    text = f"#{piece * 100_000}"  # a step that looks back through all of it would need minutes
    assert len(tags_in(text)) + len(names_in(text)) < 2
