"""What counts as a word of a text, in scripts with and without spaces, and how long it must be."""

import pytest

from conf.folding import fold, words_of
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


def test_the_least_letters_are_three_and_two() -> None:
    assert (LEAST, LEAST_SHORT) == (3, 2)
    assert compared_words("ab abc a1b a1b1 日 日本 か かな 한 한국 ก กข กขค") == {
        *("abc", "日本", "かな", "한국", "กขค"),
    }


def test_where_spaces_stand_words_are_those_of_search() -> None:
    text = fold("Zoë voted: 3 of 10 hours' wait, naïve_tag and so on")
    assert compared_words(text) == {word for word in words_of(text) if sum(map(str.isalpha, word)) >= 3}
