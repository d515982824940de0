"""Text families: one rule per test."""

from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from conf.blanking import blank
from conf.folding import fold
from jobs.graphs import family_posts
from jobs.measures import family_rows
from tests.support.independent_families import Said, leaders
from tests.support.said_posts import MINUTE, NOON, TEXT, frame, post, rows_of

WINDOW = ("2016-04-29T16:00Z", "2016-05-01T16:00Z")


def test_posts_come_to_the_driver_if_they_and_their_texts_are_not_too_many(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert family_posts.FEW_BYTES == 200_000_000
    posts = frame(spark, [post(1)])
    assert [family_posts.are_few(posts, n) for n in (None, 0, 200_001, 1_500_000)] == [True] * 4
    assert not family_posts.are_few(posts, 1_500_001)
    monkeypatch.setattr(family_posts, "FEW_BYTES", len(TEXT) - 1)
    assert [family_posts.are_few(posts, n) for n in (200_000, 200_001)] == [True, False]
    assert family_posts.are_few(frame(spark, [post(1)], kind="retweet"), 200_001)
    monkeypatch.setattr(family_posts, "FEW_BYTES", len(TEXT))
    assert family_posts.are_few(posts, 200_001)
    assert not family_posts.are_few(frame(spark, [post(1, links=("https://a.example",))]), 200_001)
    assert not family_posts.are_few(frame(spark, [post(1, "選" * (len(TEXT) // 3 + 1))]), 200_001)


def of_window(spark: SparkSession, *said: Said, **more: Any) -> list[Any]:
    found = rows_of(frame(spark, said), *WINDOW, **more)
    return sorted((row for row in found if row.period == "window"), key=lambda row: int(row.rank))


def test_limits() -> None:
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


def test_an_account_that_is_told_to_be_younger_than_its_post_is_not_new(spark: SparkSession) -> None:
    later, new = NOON + timedelta(days=2), NOON - timedelta(days=2)
    (row,) = of_window(spark, post(1, created=later), post(2, created=new), post(3))
    assert row.new_account_share == pytest.approx(1 / 2)


def test_the_id_of_an_account_is_one_on_its_network(spark: SparkSession) -> None:
    (row,) = of_window(spark, post(1, account="7"), post(2, account="7", source="bluesky"))
    assert (row.authors, row.sources, row.new_account_share) == (2, ["bluesky", "x"], None)


def test_one_account_is_no_family(spark: SparkSession) -> None:
    assert rows_of(frame(spark, [post(1, account="a"), post(2, account="a")]), *WINDOW) == []


def test_retweets_are_left_out(spark: SparkSession) -> None:
    assert rows_of(frame(spark, [post(1), post(2)], kind="retweet"), *WINDOW) == []
    assert len(rows_of(frame(spark, [post(1), post(2)], kind="quote"), *WINDOW)) == 2


@pytest.mark.parametrize("few", [True, False])
def test_no_posts_give_no_rows(spark: SparkSession, few: bool) -> None:
    assert rows_of(frame(spark, []), *WINDOW, few=few) == []
    assert rows_of(frame(spark, [post(1, "too short"), post(2, "too short")]), *WINDOW, few=few) == []
    assert rows_of(frame(spark, [post(1)]), *WINDOW, few=few) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "İSTANBUL'da yarın büyük bir miting olacak herkes gelsin",
            "istanbul'da YARIN\x00BÜYÜK bir MİTİNG olacak 🇹🇷 herkes gelsin",
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
    assert (row.posts, row.texts) == (2, len({fold(blank(one)), fold(blank(other))}))
    another = "هذا نص آخر لا علاقة له بما قيل من قبل 全く別の話をしている"
    assert of_window(spark, post(1, one), post(2, another)) == []


def edited(text: str, *places: int) -> str:
    words = text.split()
    for place in places:
        words[place] = f"new{'abcdefghij'[place % 10]}"
    return " ".join(words)


def test_each_text_of_a_family_is_near_its_earliest(spark: SparkSession) -> None:
    text = " ".join(f"word{a}{b}" for a in "abcde" for b in "abcdefgh")
    chain = [text, edited(text, 5, 20), edited(text, 5, 20, 12, 30), edited(text, 5, 20, 12, 30, 25, 35)]
    said = [post(n, one) for n, one in enumerate([chain[0], chain[1], chain[2], chain[3], chain[3]])]
    found = {row.post_id: row.posts for row in of_window(spark, *said)}
    assert found == {"0": 2, "2": 3}
    assert [leader.post_id for leader in leaders(said).values()] == ["0", "0", "2", "2", "2"]


def test_days_count_their_own_posts_of_the_windows_families(spark: SparkSession) -> None:
    before = NOON - timedelta(days=1)
    said = [post(1, at=before), post(2), post(3, f"{TEXT} 😀"), post(4, account="a2")]
    found = {(row.period, row.period_start.day): row for row in rows_of(frame(spark, said), *WINDOW)}
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


@pytest.mark.parametrize("few", [True, False])
def test_a_large_band_is_told_with_its_family(spark: SparkSession, few: bool) -> None:
    said = [post(n, f"{TEXT} {'abcdefghijklmnop'[n]}") for n in range(12)]
    (row,) = of_window(spark, *said, few=few)
    assert (row.posts, row.large_bands) == (12, 0)
    (row,) = of_window(spark, *said, few=few, largest=5)
    assert (row.posts, row.large_bands > 4) == (12, True)
