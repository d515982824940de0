"""What counts as a word of a text, in scripts with and without spaces, and how long it must be."""

from random import Random

import pyarrow as pa
import pytest

from conf.folding import fold, words_of
from jobs.measures.text_words import words_of_texts
from jobs.measures.words import LEAST, LEAST_SHORT, compared_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Du30 na 2016, the THE debate!", {"the", "debate"}),
        ("a_b1c _ab_ x2y3z4", {"a_b1c", "x2y3z4"}),
        ("Świętokrzyskie, müssen, ¿Qué?", {"swietokrzyskie", "mussen", "que"}),
        ("Это не так", {"это", "так"}),
        ("السيسي هو رئيس", {"السيسي", "رئيس"}),
        ("हिंदी में के", {"हिंदी", "में"}),
        ("#TeamAna rocks", {"teamana", "rocks"}),
        ("이재명이 앞선다 또 또는", {"이재명이", "앞선다", "또는"}),
        ("高市早苗", {"高市", "市早", "早苗"}),
        ("日本", {"日本"}),
        ("私", set()),
        ("ツイッターで話す", {"ツイッター"}),
        ("がんばれ日本", {"がんばれ", "日本"}),
        ("2016年の選挙へ", {"選挙"}),
        ("韓國瑜說要選", {"韓國", "國瑜", "瑜說", "說要", "要選"}),
        ("พิธา", {"พิธา"}),
        ("เลือกตั้ง", {"เลือ", "ลือก", "อกตั้", "กตั้ง"}),
        ("ไป", set()),
        ("Ana高市さんbob", {"ana", "高市", "さん", "bob"}),
    ],
)
def test_the_words_of_a_text(text: str, words: set[str]) -> None:
    assert compared_words(fold(text)) == words


def test_many_texts_at_once_have_the_words_that_each_has() -> None:
    some = [
        "",
        "Ana",
        "  ",
        "two words",
        "words,again words",
        "x" * 80,
        f"{'a' * 63}_bcd 日本語",
        "日本語です",
        "ไป เลือกตั้ง",
    ]
    made = Random(7)
    letters = "abc_19 ,.#\u00e9\u65e5\u672c\u0e44\u0e1b\ud55c\u306b"
    some += ["".join(made.choices(letters, k=made.randrange(30))) for _ in range(2_000)]
    for texts in (some, [text for text in some if text.isascii()], [text for text in some if not text.isascii()], []):
        text, word, names = words_of_texts(pa.array(texts, pa.string()).slice(0))
        found = [set[str]() for _ in texts]
        for place, name in zip(text.tolist(), names.take(pa.array(word)).to_pylist(), strict=True):
            found[place].add(name)
        assert found == [compared_words(text) for text in texts]
        assert text.tolist() == sorted(text.tolist())
    part = pa.array(["left", "middle one", "right"]).slice(1, 1)
    assert sorted(words_of_texts(part)[2].to_pylist()) == ["middle", "one"]


def test_the_least_letters_are_three_and_two() -> None:
    assert (LEAST, LEAST_SHORT) == (3, 2)
    assert compared_words("ab abc a1b a1b1 日 日本 か かな 한 한국 ก กข กขค") == {
        *("abc", "日本", "かな", "한국", "กขค"),
    }


def test_where_spaces_stand_words_are_those_of_search() -> None:
    text = fold("Zoë voted: 3 of 10 hours' wait, naïve_tag and so on")
    assert compared_words(text) == {word for word in words_of(text) if sum(map(str.isalpha, word)) >= 3}
