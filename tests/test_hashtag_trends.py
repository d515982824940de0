"""Hashtag trends and candidates' hashtags: a rule a test, and the whole held to one computed apart."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.stats import gamma  # type: ignore[import-untyped]

from conf.errors import WrongUse
from conf.topic import Topic, parse_topic
from jobs.candidate_hashtags import candidate_hashtags
from jobs.hashtag_trends import burst, expected_authors, hashtag_trends, reach
from jobs.window import Window, parse_window
from tests.conftest import SHIPPED_TOPICS
from tests.support import independent_trends
from tests.support.corpus import COLUMNS, corpus, frame

TOPIC = parse_topic(
    """topic: t
timezone: Asia/Manila
races:
  - id: r
    candidates:
      - {id: ana, name: Ana, aliases: [ana], hashtags: [TeamAna]}
      - {id: bob, name: Bob, aliases: [bob]}
""",
    "f",
)
DAY = ("2016-04-30T16:00Z", "2016-05-01T16:00Z")
NOON = datetime(2016, 5, 1, 3, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def post(author_id: str, *hashtags: str, **changes: Any) -> tuple[Any, ...]:
    base = {"source": "x", "author_id": author_id, "kind": "original", "event_at": NOON, "hashtags": list(hashtags)}
    return tuple({**dict.fromkeys(COLUMNS), **base, **changes}.values())


def window(start: str = DAY[0], end: str = DAY[1]) -> Window:
    return parse_window(start, end, TOPIC.zone)


def trends(spark: SparkSession, *posts: tuple[Any, ...], over: Window | None = None) -> dict[Any, Any]:
    rows = hashtag_trends(frame(spark, posts), TOPIC, over or window()).collect()
    return {(row.period, row.period_start.hour if row.period == "hour" else None, row.hashtag): row for row in rows}


def test_a_post_counts_once_a_hashtag_and_an_author_once_a_network(spark: SparkSession) -> None:
    rows = trends(spark, post("1", "a", "a", "b"), post("1", "a"), post("1", "a", source="mastodon"), post("2"))
    found = {tag: (row.posts, row.authors, row.rank) for (period, _, tag), row in rows.items() if period == "window"}
    assert found == {"a": (3, 2, 1), "b": (1, 1, 2)}


def test_the_100_most_used_are_kept_and_ties_stand_in_order(spark: SparkSession) -> None:
    tags = [f"t{i:03}" for i in range(120)]
    rows = trends(spark, post("1", *reversed(tags)), post("2", "t110"))
    ranked = sorted((row.rank, tag) for (period, _, tag), row in rows.items() if period == "window")
    assert [tag for _, tag in ranked] == ["t110", *tags[:99]]


def test_previous_posts_are_those_of_the_period_right_before(spark: SparkSession) -> None:
    earlier = [NOON - HOUR, NOON - 2 * HOUR, NOON - 24 * HOUR, NOON - 48 * HOUR]
    rows = trends(spark, post("1", "a"), *(post("1", "a", event_at=at) for at in earlier))
    assert rows["hour", 3, "a"].previous_posts == 1
    assert rows["hour", 1, "a"].previous_posts == 0
    assert rows["day", None, "a"].previous_posts == rows["window", None, "a"].previous_posts == 1
    assert {hour for period, hour, _ in rows if period == "hour"} == {1, 2, 3}


def busy(at: datetime, authors: int, *hashtags: str) -> list[tuple[Any, ...]]:
    return [post(str(i), *hashtags, event_at=at) for i in range(authors)]


def test_many_authors_burst_and_one_flooder_does_not(spark: SparkSession) -> None:
    before = [p for i in range(1, 25) for p in busy(NOON - i * HOUR, 10, "usual")]
    flood = [post("9", "flood") for _ in range(300)]
    now = [*busy(NOON, 10, "usual"), *busy(NOON, 8, "news"), *busy(NOON, 4, "tiny"), *flood]
    rows = trends(spark, *before, *now)
    expected = 10 * 0.5 / 241
    by_hand = math.log2(8.5 / (expected + 0.5)) - 3.3 / math.sqrt(8.5) - 2 / 8.5**1.5
    assert rows["hour", 3, "news"].burst == pytest.approx(by_hand)
    assert by_hand > 2
    assert rows["hour", 3, "flood"].rank == 1
    assert rows["hour", 3, "flood"].burst < 0
    assert rows["hour", 3, "usual"].burst < 0
    assert rows["hour", 3, "tiny"].burst == 0


def test_without_a_baseline_there_is_no_burst(spark: SparkSession) -> None:
    rows = trends(spark, *busy(NOON, 20, "a"), post("1", event_at=NOON - HOUR))
    assert {row.burst for row in rows.values()} == {None}


def test_a_baseline_of_a_few_authors_proves_little(spark: SparkSession) -> None:
    rows = trends(spark, *busy(NOON, 20, "b"), *busy(NOON, 8, "a"), post("1", "b", event_at=NOON - HOUR))
    assert rows["hour", 3, "a"].burst < 0


def test_a_window_of_over_a_week_has_no_span_before_it(spark: SparkSession) -> None:
    longer = window("2016-04-20T16:00Z", DAY[1])
    rows = trends(spark, *busy(NOON, 5, "a"), post("1", "a", event_at=NOON - 20 * HOUR), over=longer)
    assert (rows["window", None, "a"].previous_posts, rows["window", None, "a"].burst) == (None, None)
    assert rows["hour", 3, "a"].burst is not None
    assert longer.start - reach(longer, TOPIC)[0] == timedelta(days=7)


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2016-05-01T03:10Z", "2016-05-01T03:40Z", timedelta(minutes=30)),
        ("2016-05-01T03:10Z", "2016-05-01T05:00Z", timedelta(hours=23, minutes=10)),
        (*DAY, timedelta(days=7)),
        ("2016-05-01T03:10Z", "2016-05-08T03:00Z", timedelta(days=6, hours=23, minutes=50)),
        ("2016-01-01T00:00Z", "2016-05-01T00:00Z", timedelta(days=6, hours=8)),
    ],
)
def test_no_more_is_read_than_the_preceding_periods(start: str, end: str, before: timedelta) -> None:
    over = window(start, end)
    assert over.start - reach(over, TOPIC)[0] == before
    assert reach(over, TOPIC)[1] == over.end


def test_the_baseline_of_a_day_follows_the_clocks(spark: SparkSession) -> None:
    topic = Topic(topic="t", timezone="Europe/London")
    over = parse_window("2016-03-27T23:00Z", "2016-03-28T23:00Z", topic.zone)
    assert reach(over, topic)[0] == datetime(2016, 3, 21, tzinfo=UTC)
    before = [post("1", "a", event_at=datetime(2016, 3, 27, hour, 30, tzinfo=UTC)) for hour in (0, 22)]
    rows = hashtag_trends(frame(spark, [*before, post("1", "a", event_at=over.start)]), topic, over)
    assert [row.previous_posts for row in rows.where("period = 'day'").collect()] == [2]


def test_the_burst_is_the_gamma_distributions_limit(spark: SparkSession) -> None:
    cases = [(o, e) for o in (5, 8, 20, 100, 5000) for e in (0.0, 0.4, 3.0, 90.0, 5000.0)]
    rows = spark.createDataFrame(cases, "o long, e double").select("o", "e", burst(F.col("o"), F.col("e")).alias("b"))
    for row in rows.collect():
        exact = math.log2(gamma.ppf(0.025, row.o + 0.5, scale=1 / (row.e + 0.5)))
        assert exact - 0.06 < row.b < exact, row


@pytest.mark.parametrize(("preceding", "most"), [(24, 0.02), (7, 0.025), (1, 0.065)])
def test_a_steady_hashtag_seldom_bursts(spark: SparkSession, preceding: int, most: float) -> None:
    draws = np.random.default_rng(2016)
    means = np.repeat([1, 3, 10, 40], 2500)
    names = "authors long, baseline_authors long, all_authors long, all_baseline_authors long"
    cases = zip(draws.poisson(means).tolist(), draws.poisson(means * preceding).tolist(), strict=True)
    rows = spark.createDataFrame([(now, then, 5000, 5000 * preceding) for now, then in cases], names)
    fired = rows.where(burst(F.col("authors"), expected_authors()) > 0).count()
    assert 0 < fired / len(means) < most


START, END = datetime(2016, 5, 2, 5, 30, tzinfo=UTC), datetime(2016, 5, 8, 11, 15, tzinfo=UTC)
WINDOW = ("2016-05-02T05:30Z", "2016-05-08T11:15Z")


def approximately(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(pytest.approx(v, abs=1e-9) if isinstance(v, float) else v for v in values)


def in_utc(row: Any) -> tuple[Any, ...]:
    return row.period, row.period_start.replace(tzinfo=UTC), row.period_end.replace(tzinfo=UTC)


def test_trends_equal_those_computed_apart(spark: SparkSession) -> None:
    data = corpus()
    expected = independent_trends.trends(data.seen, START, END, "Asia/Manila")
    rows = hashtag_trends(frame(spark, data.rows), data.topic, window(*WINDOW)).collect()
    found = {(*in_utc(r), r.rank): (r.hashtag, r.posts, r.authors, r.previous_posts, r.burst) for r in rows}
    assert {period for period, *_ in expected} == {"hour", "day", "window"}
    assert found.keys() == expected.keys()
    assert {key for key, row in expected.items() if found[key] != approximately(row)} == set()


def test_candidates_hashtags_equal_those_computed_apart(spark: SparkSession) -> None:
    data = corpus()
    over = window("2016-04-01T05:30Z", WINDOW[1])
    races = yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"]
    inside = F.col("event_at") >= F.lit(over.start)
    rows = candidate_hashtags(frame(spark, data.rows).where(inside), data.topic, window(*WINDOW)).collect()
    for race in races:
        expected = independent_trends.candidate_hashtags(data.seen, race, START, END, "Asia/Manila")
        found = {
            (*in_utc(r), r.candidate, r.rank): (r.hashtag, r.posts, r.authors, r.log_odds, r.z_score)
            for r in rows
            if r.race == race["id"]
        }
        assert expected
        assert found.keys() == expected.keys()
        assert {key for key, row in expected.items() if found[key] != approximately(row)} == set()


def about(spark: SparkSession, *posts: tuple[Any, ...]) -> dict[tuple[str, str], Any]:
    rows: DataFrame = candidate_hashtags(frame(spark, posts), TOPIC, window())
    return {(row.candidate, row.hashtag): row for row in rows.where("period = 'window'").collect()}


def named(name: str, authors: int, *hashtags: str) -> list[tuple[Any, ...]]:
    return [post(f"{name}{i}", *hashtags, folded=name) for i in range(authors)]


def test_a_hashtag_is_of_the_candidate_whose_posts_carry_it_more(spark: SparkSession) -> None:
    rows = about(spark, *named("ana", 20, "jobs", "debate"), *named("bob", 10, "roads", "debate"))
    assert set(rows) == {("ana", "jobs"), ("bob", "roads")}
    prior = 500 * 20 / 60
    delta = math.log((20 + prior) / (40 + 500 - 20 - prior)) - math.log(prior / (20 + 500 - prior))
    row = rows["ana", "jobs"]
    assert (row.posts, row.authors, row.rank) == (20, 20, 1)
    assert row.log_odds == pytest.approx(delta)
    assert row.z_score == pytest.approx(delta / math.sqrt(1 / (20 + prior) + 1 / prior))


def test_a_post_that_names_both_is_in_neithers_rest(spark: SparkSession) -> None:
    rows = about(spark, *named("ana bob", 10, "both"), *named("ana", 5, "jobs"), *named("bob", 5, "roads"))
    assert {("ana", "both"), ("bob", "both"), ("ana", "jobs"), ("bob", "roads")} == rows.keys()


def test_own_hashtags_floods_and_few_authors_are_left_out(spark: SparkSession) -> None:
    flood = [post("9", "flood", folded="ana") for _ in range(200)]
    rows = about(spark, *named("ana", 9, "teamana", "jobs"), *named("ana", 4, "tiny"), *flood, *named("bob", 9, "x"))
    assert {tag for candidate, tag in rows if candidate == "ana"} == {"jobs"}


def test_without_others_there_is_nothing_to_compare(spark: SparkSession) -> None:
    assert about(spark, *named("ana", 9, "jobs")) == {}
    with pytest.raises(WrongUse, match="topic t has no races"):
        candidate_hashtags(frame(spark, []), Topic(topic="t"), window())
