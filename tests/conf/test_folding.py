import re
import sys
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.folding import (
    MOST_MARKS,
    MOST_MARKS_FROM,
    bare_handle,
    fold,
    fold_tag,
    fold_tags,
    search_words,
    words_of,
)


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
        ("KILIÇDAROĞLU Kılıçdaroğlu", "kilicdaroglu kilicdaroglu"),
        ("Błońska Søren Đặng Æþ ŒUVRE ßẞ Ŋĸ", "blonska soren dang aeth oeuvre ssss nq"),
        ("ʀɪᴠᴇʀᴀ Ɓɛ Ʀ", "rivera be r"),
        ("O’R O`R O´R OʼR O＇R O׳R", "o'r " * 5 + "o'r"),
        ("a‑b a–b a—b a−b a־b a－b", "a-b " * 5 + "a-b"),
        ("Ri\u200bve\u00adra\u2066x \U000e0067", "riverax"),
        ("محـــمد مُحَمَّد", "محمد محمد"),
        ("שָׁלוֹם ש״ס", 'שלום ש"ס'),
        ("ХXЇй", "хxіи"),
        ("Rіvera", "rіvera"),
        ("a\n b\u00a0\tc ", "a b c"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


OUT = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670\u0640]")


def everything() -> Iterator[str]:
    return (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)


def test_every_format_character_is_taken_out_and_every_dash_is_a_hyphen() -> None:
    found = {(unicodedata.category(char), fold(f"a{char}b")) for char in everything()}
    assert {folded for category, folded in found if category == "Cf"} == {"ab"}
    assert {folded for category, folded in found if category == "Pd"} == {"a-b"}


def test_folding_again_changes_nothing_whatever_the_character() -> None:
    assert [char for char in everything() if fold(fold(f"a{char}b")) != fold(f"a{char}b")] == []


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_character_is_folded_as_by_the_long_way() -> None:
    def long_way(text: str) -> str:
        left = [c for c in unicodedata.normalize("NFKD", text) if not OUT.match(c) and unicodedata.category(c) != "Cf"]
        return unicodedata.normalize("NFC", "".join(left)).casefold()

    odd = [char for char in everything() if char.isalpha() and fold(f"丁{char}") != f"丁{long_way(char)}".strip()]
    assert all(fold(char).isascii() for char in odd)  # a letter with a stroke, a ligature, an apostrophe
    assert len(odd) < 600


@given(st.text(), st.text())
def test_words_apart_are_folded_apart(one: str, other: str) -> None:
    assert fold(f"{one} \u2028{other}").split() == [*fold(one).split(), *fold(other).split()]


@given(st.text(st.characters(max_codepoint=127)))
def test_a_text_of_ascii_is_folded_as_any_other(text: str) -> None:
    assert fold(f"{text} é") == f"{fold(text)} e".strip()


def test_of_many_marks_on_one_letter_some_count() -> None:
    vowels = "\u0f71\u0f72" * MOST_MARKS_FROM  # they are letters there, and stay
    folded = fold(f"a{vowels}b")
    assert (len(folded), folded[0], folded[-1], fold(folded)) == (MOST_MARKS + 2, "a", "b", folded)
    short = "a" + "\u0f71" * (MOST_MARKS + 5)
    assert (fold(short), MOST_MARKS, MOST_MARKS_FROM) == (short, 30, 1000)


def test_hashtags_and_handles_as_posts_store_them() -> None:
    tags = ("#Rivera2025", "＃Rivera2025", " #Rivéra 2025 ", "﹟rivera2025")
    assert {fold_tag(tag) for tag in tags} == {"rivera2025"}
    assert fold_tags(["#", "A", "＃a", "b"]) == ["a", "b"]
    assert [bare_handle(handle) for handle in ("@Ana", "＠Ana", " ana ")] == ["ana"] * 3


@given(st.text())
def test_words_hold_no_separator(text: str) -> None:
    assert not any(" " in word or not word for word in words_of(fold(text)))


@given(st.text(st.characters(max_codepoint=127)))
def test_the_words_of_an_ascii_text_are_those_that_it_has_in_any_other(text: str) -> None:
    folded = fold(text)
    assert words_of(f"{folded} 日") == {*words_of(folded), "日"}


@given(st.text("والسيبكفهم ب"), st.text("والسيبكفهم ب"))
def test_the_words_of_several_texts_are_those_of_each(one: str, other: str) -> None:
    assert search_words((one, None, other), None) == search_words((one,), None) | search_words((other,), None)
