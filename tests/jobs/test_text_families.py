"""Text families: one rule per test, and all of it compared with an independent computation in plain Python."""

import random
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from conf.blanking import blank
from conf.folding import fold
from conf.topic import Topic, parse_topic
from ingest.formats import Unit, parse, split
from jobs.framework.window import parse_window
from jobs.graphs.family_posts import in_families, text_families
from jobs.measures import families, family_rows, wordings
from jobs.measures.families import PairSets, groups_of, led
from jobs.measures.family_rows import in_order
from jobs.measures.periods import spans_of
from jobs.measures.wordings import Wordings, worded
from tests.support.independent_families import Said, is_long_enough, leaders, words_of
from tests.support.independent_families import family_rows as independent_rows
from tests.support.planted_families import START as PLANTED_AT
from tests.support.planted_families import pairs, planted

TOPIC = parse_topic("topic: t\ntimezone: Asia/Manila\n", "f")
START, END = "2016-04-29T16:00Z", "2016-05-01T16:00Z"
NOON = datetime(2016, 5, 1, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SCHEMA = (
    "source string, post_id string, author_id string, event_at timestamp, kind string, folded string, text string, "
    "urls array<string>, author_created_at timestamp"
)
TEXT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def post(number: int, text: str = TEXT, account: str = "", at: datetime | None = None, **changes: Any) -> Said:
    """Returns a post made `number` minutes after NOON by an account of its own, on X."""
    base = {
        "source": "x",
        "post_id": str(number),
        "account": account or f"a{number}",
        "at": at or NOON + number * MINUTE,
    }
    return Said(**{**base, "folded": fold(blank(text)), "text": text, **changes})


def frame(spark: SparkSession, said: Iterable[Said], kind: str = "original") -> DataFrame:
    rows = [
        (p.source, p.post_id, p.account, p.at, kind, p.folded, p.text, list(p.links) or None, p.created) for p in said
    ]
    return spark.createDataFrame(rows, SCHEMA)


def rows_of(posts: DataFrame, start: str = START, end: str = END, *, few: bool = True, **more: Any) -> list[Any]:
    topic: Topic = more.pop("topic", TOPIC)
    spans = spans_of(parse_window(start, end, topic.zone), ("day", "window"))
    return sorted(text_families(posts, topic, spans, few=few, **more).collect(), key=str)


def of_window(spark: SparkSession, *said: Said, **more: Any) -> list[Any]:
    found = rows_of(frame(spark, said), **more)
    return sorted((row for row in found if row.period == "window"), key=lambda row: int(row.rank))


def table(said: Iterable[Said]) -> pa.Table:
    """Returns posts as Spark's driver has them, in the order of time."""
    micros = [(p, int(p.at.timestamp() * 1_000_000)) for p in said]
    columns = {
        "author": [p.account for p, _ in micros],
        "at_us": [at for _, at in micros],
        **{name: [getattr(p, name) for p, _ in micros] for name in ("source", "post_id", "folded", "text")},
    }
    return in_order(pa.table(columns))


def same(found: Iterable[Any], expected: dict[tuple[Any, ...], dict[str, Any]]) -> None:
    """Compares rows with those of the independent computation."""
    rows = {}
    for row in found:
        values = row.asDict()
        key = (values["period"], *(values[name].replace(tzinfo=UTC) for name in ("period_start", "period_end")))
        rows[(*key, values["rank"])] = values
    assert rows.keys() == expected.keys()
    for key, row in expected.items():
        for name, value in row.items():
            known = rows[key][name]
            known = known.replace(tzinfo=UTC) if isinstance(known, datetime) else known
            assert known == (pytest.approx(value) if isinstance(value, float) else value), (key, name)


def test_limits() -> None:
    assert families.ALIKE == (7, 10)
    assert families.LARGEST_GROUP == 10_000
    assert (wordings.LEAST_WORDS, wordings.CHARACTERS_A_WORD) == (5, 3)
    assert family_rows.MOST_LINKS == 3
    assert family_rows.TOP == {"day": 100, "window": 500}
    assert (family_rows.LONGEST_TEXT, family_rows.LONGEST_LINK, family_rows.FEWEST_AUTHORS) == (1000, 1000, 2)


@pytest.mark.parametrize("few", [True, False])
def test_a_family_is_counted(spark: SparkSession, few: bool) -> None:
    old, new = NOON - timedelta(days=91), NOON - timedelta(days=3)
    said = [
        post(0, f"{TEXT} https://a.example/1", links=("https://a.example/1", "https://b.example/"), created=old),
        post(1, f"{TEXT} 😀", created=new),
        post(2, TEXT.replace("seven", "zeven"), source="mastodon", links=("https://b.example/", "https://c.example/")),
        post(3, f"#first {TEXT} @bob", links=("https://d.example/",)),
        post(9, account="a0", at=NOON + 20 * MINUTE),
        post(5, "something else that only one account has ever said in so many words here today my friends"),
    ]
    flagged = spark.createDataFrame([("x:a0",)], "author string")
    (row,) = of_window(spark, *said, few=few, flagged=flagged)
    assert (row.rank, row.posts, row.authors, row.texts, row.sources) == (1, 5, 4, 4, ["mastodon", "x"])
    assert (row.post_id, row.source, row.text) == ("0", "x", f"{TEXT} https://a.example/1")
    assert (row.first_at, row.last_at) == (NOON.replace(tzinfo=None), (NOON + 20 * MINUTE).replace(tzinfo=None))
    assert row.half_life_seconds == 2 * 60
    assert row.share_flagged == pytest.approx(2 / 5)
    assert row.new_account_share == pytest.approx(1 / 2)
    assert row.links == ["https://a.example/1", "https://b.example/", "https://c.example/"]
    assert row.large_bands == 0
    assert of_window(spark, *said, few=few)[0].share_flagged is None


def test_the_id_of_an_account_is_one_on_its_network(spark: SparkSession) -> None:
    (row,) = of_window(spark, post(1, account="7"), post(2, account="7", source="bluesky"))
    assert (row.authors, row.sources, row.new_account_share) == (2, ["bluesky", "x"], None)


def test_one_account_is_no_family(spark: SparkSession) -> None:
    assert rows_of(frame(spark, [post(1, account="a"), post(2, account="a")])) == []


def test_retweets_are_left_out(spark: SparkSession) -> None:
    assert rows_of(frame(spark, [post(1), post(2)], kind="retweet")) == []
    assert len(rows_of(frame(spark, [post(1), post(2)], kind="quote"))) == 2


@pytest.mark.parametrize("few", [True, False])
def test_no_posts_give_no_rows(spark: SparkSession, few: bool) -> None:
    assert rows_of(frame(spark, []), few=few) == []
    assert rows_of(frame(spark, [post(1, "too short"), post(2, "too short")]), few=few) == []
    assert rows_of(frame(spark, [post(1)]), few=few) == []


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "İSTANBUL'da yarın büyük bir miting olacak herkes gelsin",
            "istanbul'da yarın BÜYÜK bir miting olacak 🇹🇷 herkes gelsin",
        ),
        ("السَّلامُ عليكم يا أهل البلد الكريم اليوم", "السلام عليكم يا أهل البلد الكـــريم اليوم"),
        (
            "明日は選挙です。みんなで投票に行きましょう!",
            "明日は選挙です みんなで投票に行きましょう😀 https://a.example",
        ),
        ("พรุ่งนี้ไปเลือกตั้งกันนะทุกคน อย่าลืมเอาบัตรประชาชนไปด้วย", "พรุ่งนี้ไปเลือกตั้งกันนะทุกคนอย่าลืมเอาบัตรประชาชนไปด้วย!!"),
    ],
)
def test_the_same_words_are_one_family_in_any_script(spark: SparkSession, one: str, other: str) -> None:
    (row,) = of_window(spark, post(1, one), post(2, other))
    assert (row.posts, row.texts) == (2, 2) if fold(blank(one)) != fold(blank(other)) else (2, 1)
    another = (
        "هذا نص آخر لا علاقة له بما قيل من قبل"
        if "السلام" in other
        else "全く別の話をしているのでこれは同じ家族ではない"
    )
    assert of_window(spark, post(1, one), post(2, another)) == []


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


def edited(text: str, *places: int) -> str:
    words = text.split()
    for place in places:
        words[place] = f"new{'abcdefghij'[place % 10]}"
    return " ".join(words)


def test_each_text_of_a_family_is_near_its_earliest(spark: SparkSession) -> None:
    text = " ".join(f"word{a}{b}" for a in "abcde" for b in "abcdefgh")
    chain = [text, edited(text, 5, 20), edited(text, 5, 20, 12, 30), edited(text, 5, 20, 12, 30, 25, 35)]
    said = [post(n, one) for n, one in enumerate([chain[0], chain[1], chain[2], chain[3], chain[3]])]
    found = of_window(spark, *said)
    led = {one.post_id for one in leaders(said).values()}
    assert {row.post_id for row in found} == led == {"0", "3"} or {row.post_id for row in found} == led
    assert len(led) > 1


def test_days_count_their_own_posts_of_the_windows_families(spark: SparkSession) -> None:
    before = NOON - timedelta(days=1)
    said = [post(1, at=before), post(2), post(3, f"{TEXT} 😀"), post(4, account="a2")]
    found = {(row.period, row.period_start.day): row for row in rows_of(frame(spark, said))}
    assert set(found) == {("day", 30), ("window", 29)}
    day, window = found["day", 30], found["window", 29]
    assert (day.posts, day.authors, window.posts, window.authors) == (3, 2, 4, 3)
    assert day.family == window.family
    assert (day.post_id, day.first_at) == ("1", (NOON + 2 * MINUTE).replace(tzinfo=None))


def test_the_first_families_of_a_period_are_kept(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [post(100 * f + n, f"{'abcdefgh'[f]}a {'abcdefgh'[f]}b c d e f") for f in range(5) for n in range(2 + f)]
    monkeypatch.setitem(family_rows.TOP, "window", 3)
    found = of_window(spark, *said)
    assert [(row.rank, row.authors) for row in found] == [(1, 6), (2, 5), (3, 4)]


def test_a_large_group_is_compared_with_its_earliest_alone() -> None:
    """Of four texts, two are like the earliest, and the last two are alike."""
    sets = pair_sets(set(range(10)), set(range(9)), set(range(90, 100)), set(range(91, 100)))
    members, value = np.arange(4), np.zeros(4, np.uint64)
    whole, cut = (groups_of(value, members, largest) for largest in (4, 3))
    assert (whole.once.tolist(), cut.once.tolist()) == ([], [0])
    of_whole, of_cut = (led(found.group, found.member, found.once, sets) for found in (whole, cut))
    assert dict(zip(of_whole.member.tolist(), of_whole.leader.tolist(), strict=True)) == {0: 0, 1: 0, 2: 2, 3: 2}
    assert dict(zip(of_cut.member.tolist(), of_cut.leader.tolist(), strict=True)) == {0: 0, 1: 0}


@pytest.mark.parametrize("few", [True, False])
def test_a_large_band_is_told_with_its_family(spark: SparkSession, few: bool) -> None:
    said = [post(n, f"{TEXT} {'abcdefghijklmnop'[n]}") for n in range(12)]
    (row,) = of_window(spark, *said, few=few)
    assert (row.posts, row.large_bands) == (12, 0)
    (row,) = of_window(spark, *said, few=few, largest=5)
    assert (row.posts, row.large_bands > 4) == (12, True)


def test_both_engines_cut_large_bands_in_the_same_way(spark: SparkSession) -> None:
    said = frame(spark, (post for _, post in planted(12, 50, 3, most=40)))
    span = PLANTED_AT.isoformat(), (PLANTED_AT + timedelta(days=10)).isoformat()
    here, apart = (rows_of(said, *span, few=few, largest=4) for few in (True, False))
    assert max(row.large_bands for row in here) > 4
    assert here == apart


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


@pytest.mark.parametrize("few", [True, False])
def test_planted_families_equal_those_computed_apart(spark: SparkSession, few: bool) -> None:
    draw = random.Random(5)
    made = [post for _, post in planted(25, 400, 3, most=30)]
    made = [
        Said(
            **{
                **vars(post),
                "created": PLANTED_AT - timedelta(days=draw.randrange(200)) if draw.random() < 0.5 else None,
            }
        )
        for post in made
    ]
    start, end = PLANTED_AT, PLANTED_AT + timedelta(days=10)
    flagged = {post.account for post in made if draw.random() < 0.2}
    keys = spark.createDataFrame(
        [(f"{source}:{account}",) for account in flagged for source in ("x", "mastodon")], "author string"
    )
    found = rows_of(frame(spark, made), start.isoformat(), end.isoformat(), few=few, flagged=keys)
    apart = [replace(post, account=f"{post.source}:{post.account}") for post in made]
    flags = {f"{source}:{account}" for account in flagged for source in ("x", "mastodon")}
    expected = independent_rows(apart, start, end, "Asia/Manila", flags)
    assert len(expected) > 50
    same(found, expected)


def captured(captures: Path) -> list[Said]:
    found = {}
    for file in sorted(captures.rglob("*.jsonl")):
        for line in file.read_bytes().splitlines():
            for unit in split(line):
                if not isinstance(unit, Unit):
                    continue
                try:
                    made = parse(unit.format, unit.payload)
                except Exception:  # a capture has messages that are no posts
                    continue
                if getattr(made, "kind", "retweet") != "retweet":
                    said = Said(
                        *(made.source, made.post_id, f"{made.source}:{made.author_id}", made.event_at, made.folded),
                        *(made.text, made.author_created_at, tuple(made.urls or ())),
                    )
                    found[said.source, said.post_id] = said
    return list(found.values())


@pytest.mark.parametrize("few", [True, False])
def test_the_families_of_captures_equal_those_computed_apart(spark: SparkSession, captures: Path, few: bool) -> None:
    said = captured(captures)
    start = min(one.at for one in said).replace(hour=0, minute=0, second=0, microsecond=0)
    end = max(one.at for one in said).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    accounts = [replace(one, account=one.account.partition(":")[2]) for one in said]
    found = rows_of(frame(spark, accounts), start.isoformat(), end.isoformat(), few=few)
    expected = independent_rows(said, start, end, "Asia/Manila")
    assert expected
    same(found, expected)
