"""Blanking takes addresses and handles out of a text, and nothing else, whatever spans a network gives."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.blanking import ADDRESS, HANDLE, X_HANDLE, blank, link_spans, mention_spans
from conf.folding import fold

PIECES = ("@ana", "＠Bo_1", "@", "https://x.ph/a", "http://", "RT", "@ana@b.example", "高市", "é", "\u0301", " ", "/.")
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)
SPANS = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=6)
PATTERNS = st.sampled_from([HANDLE, X_HANDLE])


@given(TEXTS, SPANS, PATTERNS)
def test_blanking_twice_is_blanking_once(text: str, spans: list[tuple[int, int]], handle: object) -> None:
    once = blank(text, spans, handle)  # type: ignore[arg-type]
    assert blank(once, spans, handle) == once  # type: ignore[arg-type]
    assert len(once) == len(text)


@given(TEXTS.map(lambda text: text.replace("＠", "@")), PATTERNS)
def test_a_text_without_wide_signs_is_blanked_by_the_same_rules(text: str, handle: "re.Pattern[str]") -> None:
    assert blank(f"{text} ＠", (), handle) == f"{blank(text, (), handle)} ＠"


@given(TEXTS, SPANS)
def test_a_span_takes_what_is_in_it_and_nothing_else(text: str, spans: list[tuple[int, int]]) -> None:
    covered = {at for start, end in spans if 0 <= start < end <= len(text) for at in range(start, end)}
    blanked = blank(text, spans)
    assert all(blanked[at] == " " for at in covered)
    kept = blank("".join(" " if at in covered else char for at, char in enumerate(text)))
    assert blanked == kept


@given(st.text(st.characters(exclude_characters="@＠:")), SPANS)
def test_what_is_no_address_and_no_handle_is_never_lost(text: str, spans: list[tuple[int, int]]) -> None:
    claimed = [span for start, end in spans for span in mention_spans(text, start, end)]
    claimed += link_spans(text, [(start, end, "https://t.example/a") for start, end in spans])
    blanked = blank(text, claimed)
    lost = {at for at, char in enumerate(text) if blanked[at] != char}
    assert all("." in text[start:end] or "www" in text[start:end] for start, end in claimed)
    assert lost <= {at for start, end in claimed for at in range(start, end)}
    assert blank(text) == text


@given(TEXTS)
def test_nothing_is_left_that_begins_an_address_or_follows_one(text: str) -> None:
    assert not ADDRESS.search(blank(text))


@pytest.mark.parametrize(
    ("text", "x", "other"),
    [
        ("see https://t.co/duterte @duterte_fan, mail a@b.ph", "see , mail a@b.ph", "see , mail a@b.ph"),
        ("hi @ana@example.org!", "hi !", "hi !"),
        ("@abc_123さんと高市早苗", "さんと高市早苗", "さんと高市早苗"),
        ("記事https://t.co/AbC、高市", "記事 、高市", "記事 、高市"),
        ("韓國https://t.co/AbC韓國瑜", "韓國 韓國瑜", "韓國 韓國瑜"),
        ("http://x.ph/a(b)[c]'d*;e=%20,f~高", "高", "高"),
        ("@josé @abcdefghijklmnop", "@jose @abcdefghijklmnop", "e"),
        ("RT@ana: 会場@ana ＠ana", "rt : 会場", "rt@ana: 会場@ana"),
        ("@a@b @a.b-c_d.", ".b-c_d.", "."),
        ("HTTPS://X.PH/RIVERA", "", ""),
    ],
)
def test_what_no_span_covers(text: str, x: str, other: str) -> None:
    assert fold(blank(text, handle=X_HANDLE)) == x
    assert fold(blank(text)) == other


@pytest.mark.parametrize(
    ("shown", "target", "is_address"),
    [
        ("https://news.example/a", None, True),
        ("www.news.example", None, True),
        ("news.example/a/b...", "https://www.news.example/a/b/c", True),
        ("news.example/a…", "https://news.example/a/b/c", True),
        ("averylonghost.exam…", "https://averylonghost.example", True),
        ("münchen.example/a", "https://xn--mnchen-3ya.example/b", True),
        ("Rivera leads", "https://news.example", False),
        ("Dr.Rivera", "https://news.example", False),
        ("Rivera", "https://rivera.example", False),
        ("https://x.ph Rivera", "https://x.ph", False),
        ("a.b" * 99, 5, False),
    ],
)
def test_only_an_address_is_taken_for_one(shown: str, target: object, is_address: bool) -> None:
    assert link_spans(shown, [(0, len(shown), target)]) == ([(0, len(shown))] if is_address else [])


@pytest.mark.parametrize(("start", "end"), [(-1, 4), (0, 5), (3, 3), (4, 0), (None, 4), (0, 4.0), (True, 4), ("0", 4)])
def test_a_span_that_is_none_takes_nothing(start: object, end: object) -> None:
    assert mention_spans("@ana", start, end) == link_spans("w.ph", [(start, end, "http://w.ph")]) == []


def test_a_mention_shown_as_words_is_text() -> None:
    assert [mention_spans(t, 0, len(t)) for t in ("Rivera", "Rivera leads", "@ana.example", "ana.example")] == [
        [], [], [(0, 12)], [(0, 11)],
    ]  # fmt: skip


@pytest.mark.parametrize("piece", ["@a", "@", "https://", "a.b@", "@a.-", "@a@b.", "＠a_", "RT@"])
def test_a_hostile_text_takes_no_long_time(piece: str) -> None:
    text = piece * 25_000  # a step that looks back through all of it would need minutes
    assert len(blank(text)) == len(blank(text, handle=X_HANDLE)) == len(text)
