"""What a text of X, or a link to a post, tells: who is answered, retweeted or quoted."""

import pytest

from ingest.formats.x_text import RT, answered_in, earlier_of, owner_in, retweeted_in


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
    ("text", "name"), [("@Ana hi", "ana"), ("＠Ana: hi", "ana"), ("@Ana @Bob hi", None), ("hi @Ana", None)]
)
def test_a_reply_to_one_begins_with_the_handle(text: str, name: str | None) -> None:
    assert answered_in(text) == name


def test_of_an_edit_history_only_earlier_versions_count() -> None:
    assert earlier_of(["9", "10", "11", "x"], "10") == ["9"]
