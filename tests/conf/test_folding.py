import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from conf.folding import X_HANDLE, alias_pattern, blank, fold, words_of


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Noynóy", "noynoy"),
        ("Noyno\u0301y", "noynoy"),
        ("ＤＵＴＥＲＴＥ", "duterte"),
        ("İstanbul", "istanbul"),
        ("Straße", "strasse"),
        ("मोदी", "मोदी"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("a\n b\u00a0\tc ", "a b c"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_ascii_and_not_are_one_rule(text: str) -> None:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not "\u0300" <= c <= "\u036f")
    assert fold(text) == " ".join(unicodedata.normalize("NFC", bare).casefold().split())


@given(st.text())
def test_words_hold_no_separator(text: str) -> None:
    assert not any(" " in word or not word for word in words_of(fold(text)))


@pytest.mark.parametrize(
    ("alias", "text", "found"),
    [
        ("binay", "binayaran", False),
        ("binay", "si binay, daw", True),
        ("poe", "poetry", False),
        ("duterte", "_duterte_", False),
        ("duterte", "duterte2016", False),
        ("duterte", "#duterte!", True),
        ("duterte", "🔥duterte🔥", True),
        ("grace poe", "Grace\n  Poe", True),
        ("Poé", "poe", True),
        ("at&t", "at&t", True),
        ("c++", "c++ 20", True),
        ("a.b", "axb", False),
        ("東京", "大東京都", True),
        ("東京x", "東京xy", False),
        ("サッカー", "サッカーが", True),
        ("ประเทศ", "ในประเทศไทย", True),
        ("मोदी", "मोदीजी", False),
        ("leni", "¹leni", False),
    ],
)
def test_an_alias_stands_in_a_text_as_whole_words(alias: str, text: str, found: bool) -> None:
    assert bool(regex.search(alias_pattern([alias]), fold(text))) is found


def test_urls_and_handles_are_blanked_out() -> None:
    text = "see https://t.co/duterte @duterte_fan, mail a@b.ph"
    assert fold(blank(text, X_HANDLE)) == "see , mail a@b.ph"
    assert fold(blank("hi @ana@example.org!")) == "hi !"


def test_no_alias_gives_no_pattern() -> None:
    assert alias_pattern([]) == ""
