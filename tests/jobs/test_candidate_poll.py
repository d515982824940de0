"""The rules of the poll (docs/method.md), one per test, on the smallest rows that show them."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import regex
from pyspark.sql import DataFrame, SparkSession

from conf.errors import WrongUse
from conf.folding import fold
from conf.topic import Topic, parse_topic
from jobs.candidate_poll import candidate_poll
from jobs.framework.job import Inputs
from jobs.framework.local import is_local
from jobs.framework.window import Window, parse_window
from jobs.measures.mentions import BITS, with_named
from jobs.measures.votes import matched, parts_of
from tests.support.frames import assertDataFrameEqual

TOPIC = parse_topic(
    """topic: t
timezone: Asia/Manila
races:
  - id: r
    candidates:
      - {id: ana, name: Ana, aliases: [ana, "ana cruz"], hashtags: [teamana], handles: [AnaCruz]}
      - {id: bob, name: Bob, aliases: [bob]}
      - {id: cy, name: Cy, handles: [cy]}
  - id: s
    candidates:
      - {id: bob, name: Bob of the other race, aliases: [bob]}
""",
    "f",
)
SCHEMA = (
    "source string, author_id string, kind string, event_at timestamp, folded string, hashtags array<string>, "
    "mentions array<string>, retweet_of_author string, reply_to_author string, quote_of_author string"
)
DAY = ("2016-04-30T16:00Z", "2016-05-01T16:00Z")


def post(author_id: str = "1", folded: str = "", **changes: Any) -> dict[str, Any]:
    base = {
        "source": "x",
        "author_id": author_id,
        "kind": "original",
        "event_at": datetime(2016, 5, 1, 3, 30),
        "folded": folded,
    }
    return {**dict.fromkeys(name.split()[0] for name in SCHEMA.split(", ")), **base, **changes}


def frame(spark: SparkSession, *posts: dict[str, Any]) -> DataFrame:
    rows = [{**p, "event_at": p["event_at"].replace(tzinfo=UTC)} for p in posts]
    return spark.createDataFrame(rows, SCHEMA)


def window(start: str = DAY[0], end: str = DAY[1]) -> Window:
    return parse_window(start, end, TOPIC.zone)


def poll(spark: SparkSession, *posts: dict[str, Any], race: str = "r") -> dict[str, Any]:
    rows = candidate_poll(frame(spark, *posts), TOPIC, window()).collect()
    return {row.candidate: row for row in rows if row.race == race and row.period == "window"}


def named(spark: SparkSession, **changes: Any) -> set[str]:
    rows = with_named(frame(spark, post(**changes)), TOPIC.races, ["author_id"]).where("race = 'r'").collect()
    return {row.candidate for row in rows} - {""}


@pytest.mark.parametrize(
    ("changes", "candidates"),
    [
        ({"folded": "go ana!"}, {"ana"}),
        ({"folded": "banana"}, set()),
        ({"folded": "ana and bob"}, {"ana", "bob"}),
        ({"hashtags": ["teamana"]}, {"ana"}),
        ({"hashtags": ["ana"]}, set()),
        ({"mentions": ["anacruz", "x"]}, {"ana"}),
        ({"retweet_of_author": "cy", "kind": "retweet"}, {"cy"}),
        ({"reply_to_author": "cy"}, {"cy"}),
        ({"quote_of_author": "cy"}, {"cy"}),
        ({"folded": "cy"}, set()),
        ({"folded": None}, set()),
    ],
)
def test_a_post_mentions_by_alias_hashtag_or_handle(
    spark: SparkSession, changes: dict[str, Any], candidates: set[str]
) -> None:
    assert named(spark, **changes) == candidates


@pytest.mark.parametrize(
    ("alias", "text"),
    [
        ("Grace  Poe", "si GRACE\nPOÉ!"),
        ("c++", "c++ 20"),
        ("a.b", "axb"),
        ("東京", "大東京都"),
        ("at&t #1", "at&t #1"),
        ("मोद", "मोदी"),
    ],
)
def test_spark_and_python_find_the_same_aliases(spark: SparkSession, alias: str, text: str) -> None:
    topic = parse_topic(f"topic: t\nraces: [{{id: r, candidates: [{{id: a, name: A, aliases: ['{alias}']}}]}}]", "f")
    found = with_named(frame(spark, post(folded=fold(text))), topic.races, ["author_id"]).count() > 0
    assert found is bool(regex.search(topic.races[0].candidates[0].pattern, fold(text)))


def test_one_author_one_vote_split_in_proportion(spark: SparkSession) -> None:
    rows = poll(spark, post("1", "ana"), post("1", "ana"), post("1", "bob"), post("2", "bob"))
    assert rows["ana"].share_authors == pytest.approx((2 / 3 + 0) / 2)
    assert rows["bob"].share_authors == pytest.approx((1 / 3 + 1) / 2)
    assert rows["ana"].share_posts == pytest.approx(2 / 4)
    assert (rows["ana"].authors, rows["bob"].authors, rows["ana"].authors_total, rows["ana"].posts_total) == (
        1,
        2,
        2,
        4,
    )


def test_a_post_counts_for_each_candidate_and_once_in_the_total(spark: SparkSession) -> None:
    rows = poll(spark, post("1", "ana bob"))
    assert [rows[c].posts for c in ("ana", "bob", "cy")] == [1, 1, 0]
    assert rows["ana"].posts_total == 1
    assert [rows[c].share_authors for c in ("ana", "bob", "cy")] == [0.5, 0.5, 0.0]


def test_a_race_counts_apart_from_another(spark: SparkSession) -> None:
    rows = poll(spark, post("1", "ana"), post("2", "ana bob"), race="s")
    assert (rows["bob"].share_authors, rows["bob"].authors_total, rows["bob"].name) == (1.0, 1, "Bob of the other race")


def test_kinds_are_counted(spark: SparkSession) -> None:
    kinds = ["original", "retweet", "retweet", "reply", "quote"]
    row = poll(spark, *(post(str(i), "ana", kind=kind) for i, kind in enumerate(kinds)))["ana"]
    assert (row.originals, row.retweets, row.replies, row.quotes, row.posts) == (1, 2, 1, 1, 5)


def test_the_interval_is_of_the_mean_over_authors(spark: SparkSession) -> None:
    rows = poll(spark, *(post(str(i), "ana" if i < 6 else "bob") for i in range(10)))
    half = 1.959963984540054 * (6 / 10 * 4 / 10 * 10 / 9 / 10) ** 0.5
    assert rows["ana"].share_authors_low == pytest.approx(0.6 - half)
    assert rows["ana"].share_authors_high == pytest.approx(0.6 + half)


def test_the_interval_is_cut_to_0_and_1(spark: SparkSession) -> None:
    rows = poll(spark, post("1", "ana"), post("2", "bob"))
    assert (rows["ana"].share_authors_low, rows["ana"].share_authors_high) == (0.0, 1.0)


def test_a_single_author_has_no_interval(spark: SparkSession) -> None:
    row = poll(spark, post("1", "ana"))["ana"]
    assert (row.share_authors, row.share_authors_low, row.share_authors_high) == (1.0, None, None)


def test_unanimous_authors_have_an_interval_of_no_width(spark: SparkSession) -> None:
    row = poll(spark, *(post(str(i), "ana bob") for i in range(50)))["ana"]
    assert (row.share_authors_low, row.share_authors_high) == (0.5, 0.5)


def test_the_same_id_on_two_networks_is_two_authors(spark: SparkSession) -> None:
    assert poll(spark, post("1", "ana"), post("1", "ana", source="mastodon"))["ana"].authors == 2


def test_days_are_the_topics_and_only_whole_ones_are_published(spark: SparkSession) -> None:
    posts = [
        post("1", "ana", event_at=datetime(2016, 4, 30, 15, 59)),
        post("2", "ana", event_at=datetime(2016, 4, 30, 16)),
    ]
    rows = candidate_poll(frame(spark, *posts), TOPIC, window("2016-04-30T00:30Z", "2016-05-01T16:00Z"))
    days = rows.where("period = 'day' and candidate = 'ana' and race = 'r'").selectExpr(
        "cast(unix_seconds(period_start) as int) s", "posts"
    )
    start = int(datetime(2016, 4, 30, 16, tzinfo=UTC).timestamp())
    assertDataFrameEqual(days, spark.createDataFrame([(start, 1)], "s int, posts bigint"))
    hours = {row.period_start for row in rows.where("period = 'hour'").collect()}
    assert len(hours) == 2


def test_a_period_in_which_nobody_is_mentioned_has_no_rows(spark: SparkSession) -> None:
    assert poll(spark, post("1", "lunch")) == {}


def test_the_order_of_posts_does_not_matter(spark: SparkSession) -> None:
    posts = [post(str(i % 7), ["ana", "bob", "ana bob"][i % 3]) for i in range(40)]
    forward = candidate_poll(frame(spark, *posts), TOPIC, window())
    assertDataFrameEqual(forward, candidate_poll(frame(spark, *reversed(posts)), TOPIC, window()), rtol=0, atol=1e-12)


def test_a_race_can_have_more_candidates_than_a_mask_has_bits(spark: SparkSession) -> None:
    many = [f"{{id: c{n}, name: C, aliases: [name{n}]}}" for n in range(BITS + 8)]
    topic = parse_topic(f"topic: t\nraces: [{{id: r, candidates: [{', '.join(many)}]}}]", "f")
    posts = frame(spark, post("1", "name0"), post("2", f"name0 name{BITS - 1} name{BITS} name{BITS + 7}"))
    rows = candidate_poll(posts, topic, window()).where("period = 'window' and posts > 0").collect()
    assert {row.candidate: row.posts for row in rows} == {
        "c0": 2,
        **{f"c{n}": 1 for n in (BITS - 1, BITS, BITS + 7)},
    }
    assert with_named(posts, topic.races, []).where(f"candidate = 'c{BITS + 7}'").count() == 1


def test_each_rule_is_evaluated_once(spark: SparkSession) -> None:
    posts = matched(frame(spark, post()), TOPIC.races, None)
    plan = posts._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("RLIKE") == sum(bool(c.pattern) for race in TOPIC.races for c in race.candidates)


def test_an_account_that_is_flagged_is_left_out_under_all_its_handles(spark: SparkSession) -> None:
    by = {"old": post("1", "ana"), "new": post("1", "ana"), "two": post("2", "bob"), "1": post("3", "bob")}
    rows = [{**p, "author": name, "event_at": p["event_at"].replace(tzinfo=UTC)} for name, p in by.items()]
    posts = spark.createDataFrame(rows, f"{SCHEMA}, author string")
    flagged = spark.createDataFrame([("x:1",)], "author string")
    polled = candidate_poll(posts, TOPIC, window(), flagged).where("race = 'r' and period = 'window'").collect()
    without_bots = {row.candidate: row.share_authors_no_bots for row in polled}
    assert without_bots == {"ana": 0.0, "bob": 1.0, "cy": 0.0}
    assert {row.authors_total for row in polled} == {3}


def test_the_driver_and_the_executors_count_the_same(spark: SparkSession) -> None:
    draws = random.Random(2016)
    authors = ["1", "2", "日本", "nul\x00", "nul", *(f"a{i}" for i in range(40))]
    texts = ["ana", "bob", "ana and bob", "lunch", "ana cruz bob"]
    start = datetime(2016, 4, 30, 16)
    posts = [
        post(
            draws.choice(authors),
            draws.choice(texts),
            kind=draws.choice(["original", "retweet", "reply", "quote"]),
            event_at=start + timedelta(seconds=draws.randrange(86_400)),
            source=draws.choice(["x", "bluesky"]),
        )
        for _ in range(500)
    ]
    rows = [{**p, "event_at": p["event_at"].replace(tzinfo=UTC), "author": f"@{p['author_id']}"} for p in posts]
    inputs = spark.createDataFrame(rows, f"{SCHEMA}, author string")
    listed = spark.createDataFrame([("x:a1",), ("x:nul",), ("bluesky:日本",)], "author string")
    for flagged, grouped in ((None, listed), (listed, None), (listed, listed.limit(0))):
        here, there = (
            candidate_poll(inputs, TOPIC, window(), flagged, parts=parts, grouped=grouped) for parts in (0, 3)
        )
        assert is_local(here)
        assert here.count() > 20
        assertDataFrameEqual(here, there, rtol=0, atol=1e-12)


def test_nobody_mentioned_by_few_posts_gives_no_rows(spark: SparkSession) -> None:
    assert candidate_poll(frame(spark, post(folded="lunch")), TOPIC, window(), parts=0).collect() == []


@pytest.mark.parametrize(
    ("posts", "parts"), [(0, 0), (200_000, 0), (200_001, 1), (250_001, 2), (10_000_000, 40), (None, None)]
)
def test_few_posts_are_counted_at_once_and_more_in_parts(posts: int | None, parts: int | None) -> None:
    inputs = Inputs({}, posts=posts)
    assert parts_of(inputs) == parts


def test_a_topic_without_races_says_so(spark: SparkSession) -> None:
    with pytest.raises(WrongUse, match="topic t has no races"):
        candidate_poll(frame(spark, post()), Topic(topic="t"), window())
