"""Wordings and families in memory: what a word is, what is alike, and whether planted families are found."""

import random
import unicodedata
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from conf.folding import fold
from jobs.graphs.family_posts import in_families
from jobs.measures import families, wordings
from jobs.measures.families import groups_of, led
from jobs.measures.pair_sets import ALIKE, PairSets
from jobs.measures.wordings import Wordings, worded
from tests.support.independent_families import is_long_enough, leaders, words_of
from tests.support.planted_families import pairs, planted
from tests.support.said_posts import TEXT, post, table


def test_limits() -> None:
    assert ALIKE == (7, 10)
    assert families.LARGEST_GROUP == 10_000
    assert (wordings.LEAST_WORDS, wordings.CHARACTERS_A_WORD) == (5, 3)
    assert (wordings.BANDS, wordings.ROWS) == (16, 4)


@pytest.mark.parametrize(
    ("text", "is_compared"),
    [
        ("one two three four", False),
        ("one two three four five", True),
        ("one two three four #five 5 😀 https://a.example/six @seven", False),
        ("明日は選挙の日ですよ投票に", False),  # 13 characters
        ("明日は選挙の日ですよ。投票に行く", True),  # 15
        ("พรุ่งนี้ไปเลือกตั้งกันนะ", True),
        ("#選挙。明日は選挙の日です。投票に行こう", True),
        ("غدا ننتخب رئيسا جديدا للبلاد", True),
        ("غدا ننتخب رئيسا جديدا", False),
        ("yarın ülkemiz için oy vereceğiz", True),
        ("내일 우리는 새 대통령을 뽑는다", True),
    ],
)
def test_a_text_has_at_least_five_words(text: str, is_compared: bool) -> None:
    found = worded(table([post(1, text)]))
    assert len(found.number) == is_compared
    assert len(leaders([post(1, text)])) == is_compared


def test_words_of_any_script_are_those_computed_apart() -> None:
    """All letters, marks and signs that Unicode 14 knows, in texts of some scripts at a time."""
    draw = random.Random(2)
    known = [chr(code) for code in range(0x20, 0x32000) if unicodedata.category(chr(code))[0] in "LMNPSZ"]
    texts = ["", " ", "#", "a" * 100_000, "a " * 20_000, "ー" * 15, "\u0e31" * 20]
    for _ in range(3000):
        few = [*draw.choices(known, k=6), *"あ漢ไaب ا#_'・", " ", " "]
        texts.append(fold("".join(draw.choices(few, k=draw.randrange(60)))))
    found = wordings.wordings(pa.array(texts))
    expected = {number: words_of(text) for number, text in enumerate(texts) if is_long_enough(words_of(text))}
    assert found.text.tolist() == list(expected)
    assert (np.diff(found.starts) + 1).tolist() == [len(words) for words in expected.values()]
    assert len(set(found.key.tolist())) == len({tuple(words) for words in expected.values()})


def test_a_text_that_is_posted_often_is_compared_once() -> None:
    said = [post(n, f"{TEXT} {'😀' * (n % 3)} https://a.example/{n}") for n in range(20_000)]
    found = worded(table(said))
    assert (len(found.number), len(found.distinct.text)) == (20_000, 1)


def pair_sets(*of: set[int]) -> PairSets:
    flat = [pair for one in of for pair in one]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in of])])
    numbers = np.arange(len(of))
    return PairSets(Wordings(numbers, numbers, np.array(flat, np.uint64), starts))


def test_likeness_is_compared_exactly() -> None:
    seven_of_ten = pair_sets(set(range(10)), set(range(7)), set(range(6)) | {99})
    assert seven_of_ten.alike(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 1])).tolist() == [True, True, False, True]
    just_below = pair_sets(set(range(1000)), set(range(699)), set(range(700)))
    assert just_below.alike(np.array([0, 0]), np.array([1, 2])).tolist() == [False, True]


def test_a_large_group_is_compared_with_its_earliest_alone() -> None:
    """Of four texts, two are like the earliest, and the last two are alike."""
    sets = pair_sets(set(range(10)), set(range(9)), set(range(90, 100)), set(range(91, 100)))
    members, value = np.arange(4), np.zeros(4, np.uint64)
    whole, cut = (groups_of(value, members, largest) for largest in (4, 3))
    assert (whole.once.tolist(), cut.once.tolist()) == ([], [0])
    of_whole, of_cut = (led(found.group, found.member, found.once, sets) for found in (whole, cut))
    assert dict(zip(of_whole.member.tolist(), of_whole.leader.tolist(), strict=True)) == {0: 0, 1: 0, 2: 2, 3: 2}
    assert dict(zip(of_cut.member.tolist(), of_cut.leader.tolist(), strict=True)) == {0: 0, 1: 0}


def test_each_leads_what_no_earlier_one_leads_however_many_are_compared_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw, said = random.Random(4), list[frozenset[int]]()
    values = [draw.getrandbits(64) for _ in range(10_000)]
    for _ in range(600):  # some are alike, many are somewhat like others, and some are long
        template = draw.randrange(6)
        size = draw.choice((4, 9, 14, 20, 90))
        kept = draw.sample(range(100 * template, 100 * template + size), size - draw.randrange(1 + size // 3))
        said.append(frozenset(values[one] for one in [*kept, *draw.sample(range(9000, 9020), 2)]))
    sets, group = pair_sets(*map(set, said)), np.repeat([3, 5, 6, 9], [400, 150, 40, 10])
    expected = set()
    for number in np.unique(group).tolist():
        leaders = list[int]()
        for member in np.flatnonzero(group == number).tolist():
            near = (n for n in leaders if 10 * len(said[n] & said[member]) >= 7 * len(said[n] | said[member]))
            leader = next(near, member)
            leaders += [member] if leader == member else []
            expected.add((member, leader))
    assert 100 < sum(member != leader for member, leader in expected) < 500
    for heads, small in ((256, 32), (7, 5), (7, 900)):
        monkeypatch.setattr(families, "HEADS", heads)
        monkeypatch.setattr(families, "SMALL", small)
        monkeypatch.setattr(families, "_PAIRS", 10 * small)
        found = led(group, np.arange(600), np.zeros(0, np.int64), sets)
        assert len(found.member) == 600
        assert set(zip(found.member.tolist(), found.leader.tolist(), strict=True)) == expected


def test_planted_families_are_found() -> None:
    made = list(planted(200, 20_000, 7))
    number = {(post.source, post.post_id): family for family, post in made}
    found = in_families(table(post for _, post in made))
    keys = zip(found["source"].to_pylist(), found["post_id"].to_pylist(), strict=True)
    cells = Counter((number[key], family) for key, family in zip(keys, found["family"].to_pylist(), strict=True))
    all_found = pairs(Counter(found["family"].to_pylist()))
    right = pairs({n: size for n, ((family, _), size) in enumerate(cells.items()) if family >= 0})
    truth = pairs(Counter(family for family, _ in made))
    assert truth > 4_000_000
    assert right >= 0.98 * truth, right / truth
    assert all_found - right <= 0.001 * all_found, (all_found - right) / all_found
