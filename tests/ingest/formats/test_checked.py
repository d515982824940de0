"""Whatever a parser passes on, a post has usable fields only, or is refused with a reason."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conf.topic import Topic
from ingest.formats.checked import UNCHECKED, checked, checked_deletion
from ingest.formats.post import Deletion, InvalidMessage, Post, as_accounts
from ingest.write.rows import row_of

LONGEST = 3_000
AT = datetime(2016, 5, 9, 1, 30, tzinfo=UTC)
ODD: tuple[Any, ...] = (
    *(None, True, 5, -1, 2**31, 2**62, 2**70, -(10**400), 1.5, float("nan"), float("inf"), -1e308),
    *("", "x", "日本" * 40_000, "nul\x00", b"x", b"", [], {}, (), [None], [5, "x"], ["x" * 600], ["x"] * 5_000),
    *(AT.replace(tzinfo=None), datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC), object()),
)


def post(**changes: Any) -> Post:
    return Post(**{"source": "x", "post_id": "1", "event_at": AT, "author_id": "10", "text": "hello", **changes})


def reason(**changes: Any) -> str:
    with pytest.raises(InvalidMessage) as refused:
        checked(post(**changes), LONGEST)
    return str(refused.value)


def kept_of(**changes: Any) -> Post | None:
    with suppress(InvalidMessage):
        return checked(post(**changes), LONGEST)
    return None


def outcome(**changes: Any) -> Post | str:
    return kept_of(**changes) or reason(**changes)


def test_every_field_of_a_post_is_checked() -> None:
    assert set() == UNCHECKED


@pytest.mark.parametrize("name", Post.__struct_fields__)
@pytest.mark.parametrize("zone", ["Asia/Manila", "Pacific/Kiritimati", "Pacific/Niue"])
def test_an_odd_value_is_left_out_or_the_post_is_refused_and_what_is_left_can_be_stored(name: str, zone: str) -> None:
    for value in ODD:
        kept = kept_of(**{name: value})
        if kept is None:
            assert len(reason(**{name: value})) < 200
            continue
        assert row_of(kept, Topic(topic="t", timezone=zone)).size < 1_000_000
        assert kept.kind in ("original", "retweet", "reply", "quote")
        assert kept.version_time is None or abs(kept.version_time) < 2**63


@pytest.mark.parametrize("source", ["x", "bluesky"])
@pytest.mark.parametrize("name", Post.__struct_fields__)
def test_what_is_usable_at_once_is_what_a_look_at_each_field_would_keep(
    name: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = (64, 65, 512, 513, 1_025, 1_026, 4_097, 16_001)
    edges = (AT, "retweet", 2**62 - 1, "1" * 19, "5" * 20, "12 b", *("x" * length for length in lengths))
    lists: tuple[Any, ...] = (
        [],
        ["x" * 512],
        ["x" * 513],
        ["12 b"],
        ["x"] * 1_001,
        ("x",),
        {"x"},
        frozenset({"1"}),
        [""],
    )
    values = (*ODD, *edges, *lists)
    kept = [repr(outcome(**{"source": source, name: value})) for value in values]
    assert any("Post(" in each for each in kept)
    monkeypatch.setattr("ingest.formats.checked.is_usable_as_it_is", lambda post: False)
    assert kept == [repr(outcome(**{"source": source, name: value})) for value in values]


def test_only_a_post_without_usable_id_author_time_or_text_is_refused() -> None:
    assert reason(post_id="") == "empty post id"
    assert reason(author_id="") == "empty author id"
    assert reason(source="bluesky", post_id="x" * 513) == "the post id is no text of 1 to 512 characters"
    assert reason(source="bluesky", author_id=7) == "the author id is no text of 1 to 512 characters"
    for odd in ("1.8e18", "18e17", "-5", "x", "1" * 20, "١٢", 7, " 7"):
        assert "the post id is no id of X, which is digits only" in reason(post_id=odd)
        assert "the author id is no id of X, which is digits only" in reason(author_id=odd)
    assert checked(post(author_id="@ana_k"), LONGEST).author_id == "@ana_k"
    assert "the author id is no id of X" in reason(author_id="@ana k")
    assert "the post id is no id of X" in reason(post_id="@ana_k")
    assert reason(source="myspace") == "the source is no network"
    assert reason(text=None) == "the text is no text"
    assert "with a time zone" in reason(event_at=AT.replace(tzinfo=None))
    assert "between 1970" in reason(event_at=datetime(1970, 1, 1, tzinfo=UTC) - timedelta(seconds=1))
    assert "and 9998" in reason(event_at=datetime(9999, 1, 1, tzinfo=UTC))
    assert "over-long text: 3,001 characters, x allows 3,000" in reason(text="x" * 3_001)
    made = post(source="mastodon", post_id="x" * 512, text="x" * 3_000, event_at=datetime(1970, 1, 1, tzinfo=UTC))
    kept = checked(made, LONGEST)
    assert kept.event_at.year == 1970


def test_what_is_too_long_or_too_much_is_left_out_and_the_post_is_kept() -> None:
    names = ["a" * 512, "b" * 513, "", "c"]
    urls = ["u" * 4_096, "v" * 4_097]
    kept = checked(
        post(
            source="mastodon",
            hashtags=names,
            mentions=[str(i) for i in range(1_001)],
            urls=urls,
            earlier=[str(i) for i in range(101)],
            retweet_of="r" * 513,
            quote_of="q" * 512,
            client="c" * 600,
            place="p" * 600,
            lang="l" * 65,
        ),
        LONGEST,
    )
    assert kept.hashtags == [names[0], "c"]
    assert kept.mentions == [str(i) for i in range(1_000)]
    assert kept.urls == urls[:1]
    assert kept.earlier == [str(i) for i in range(100)]
    assert (kept.retweet_of, kept.quote_of, kept.kind) == (None, "q" * 512, "quote")
    assert (kept.client, kept.place, kept.lang) == ("c" * 512, "p" * 512, None)
    assert checked(post(lang="l" * 64), LONGEST).lang == "l" * 64


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((90, 180), (90.0, 180.0)),
        ((-90.0, -180.0), (-90.0, -180.0)),
        ((90.5, 10.0), (None, None)),
        ((10.0, -180.5), (None, None)),
        ((float("nan"), 10.0), (None, None)),
        ((10.0, None), (None, None)),
        ((True, 10.0), (None, None)),
        ((0, 0), (0, 0)),
    ],
)
def test_a_place_has_both_degrees_or_none(given: tuple[Any, Any], kept: tuple[Any, Any]) -> None:
    found = checked(post(lat=given[0], lon=given[1]), LONGEST)
    assert (found.lat, found.lon) == kept


@pytest.mark.parametrize(
    "box", [None, [1, 2, 3, 4], (1, 2, 3), (1, 2, 3, "4"), (181, 2, 3, 4), (1, 4, 3, 2), (1, 2, float("inf"), 4)]
)
def test_a_place_s_box_has_four_usable_sides_or_is_left_out(box: Any) -> None:
    assert checked(post(box=box), LONGEST).box is None


def test_a_good_post_is_not_changed() -> None:
    whole = {
        **{"author": "ana", "lang": "tl", "retweet_of": "2", "retweet_of_author": "bob", "reply_to": "3"},
        **{"hashtags": ["a"], "mentions": ["b"], "urls": ["https://c"], "lat": 14.5, "lon": 121.0, "client": "web"},
        **{"author_followers": 0, "author_created_at": AT, "author_is_bot": False, "version_us": 5, "is_update": True},
        **{"accounts": ["12 b"], "languages": ["tl", "en"], "box": (120.9, 14.5, 121.0, 14.7)},
    }
    assert checked(post(**whole), LONGEST) == post(**whole)


def test_a_deletion_needs_a_usable_id_or_author() -> None:
    for deletion in (
        Deletion(source="x"),
        Deletion(source="x", post_id=""),
        Deletion(source="x", post_id="x" * 513),
        Deletion(source="bluesky", post_id="a/b", author=5),  # type: ignore[arg-type]
        Deletion(source="x", post_id="1", at=datetime(1, 1, 1, tzinfo=UTC)),
    ):
        with pytest.raises(InvalidMessage, match="a deletion"):
            checked_deletion(deletion)
    kept = Deletion(source="bluesky", author="did:x", at=AT)
    assert checked_deletion(kept) is kept


def test_accounts_are_those_whose_ids_are_told() -> None:
    assert as_accounts({"b": "2", "c": None, "d": "", "e": "5", "": "6"}) == ["2 b", "5 e"]


def test_an_account_of_x_whose_id_is_not_digits_is_left_out() -> None:
    assert checked(post(accounts=["1.895e+18 b", "12 c", "x d"]), LONGEST).accounts == ["12 c"]
    bluesky = post(source="bluesky", accounts=["did:plc:a b"])
    assert checked(bluesky, LONGEST).accounts == ["did:plc:a b"]
