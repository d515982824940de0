"""Hashtag trends and candidates' hashtags: one rule per test, and all compared with an independent computation."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from scipy.stats import gamma

from conf.errors import WrongUse
from conf.topic import Topic, parse_topic
from jobs.candidate_hashtags import candidate_hashtags
from jobs.framework.window import Window, parse_window
from jobs.hashtag_trends import hashtag_trends
from jobs.measures.bursts import burst, bursts, expected_authors, reach
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


def busy(at: datetime, authors: int, *hashtags: str) -> list[tuple[Any, ...]]:
    return [post(str(i), *hashtags, event_at=at) for i in range(authors)]


REPEATS = datetime(2016, 4, 25, 3, 30, tzinfo=UTC)
MANY = REPEATS + 25 * HOUR
ALONE = MANY + 25 * HOUR
FEW = ALONE + 25 * HOUR
RUN = FEW + 25 * HOUR
TAGS = [f"t{i:03}" for i in range(120)]
WEEK_OF_POSTS = [
    *(post("1", "a", "a", "b", event_at=REPEATS), post("1", "a", event_at=REPEATS), post("2", event_at=REPEATS)),
    post("1", "a", source="mastodon", event_at=REPEATS),
    *(post("1", *reversed(TAGS), event_at=MANY), post("2", "t110", event_at=MANY)),
    *(*busy(ALONE, 20, "a"), post("1", event_at=ALONE - HOUR)),
    *(*busy(FEW, 20, "b"), *busy(FEW, 8, "a"), post("1", "b", event_at=FEW - HOUR)),
    *(post("1", "c", event_at=RUN - hours * HOUR) for hours in (0, 1, 2, 24, 24 * 7)),
    *(p for i in range(1, 25) for p in busy(NOON - i * HOUR, 10, "usual")),
    *(*busy(NOON, 10, "usual"), *busy(NOON, 8, "news"), *busy(NOON, 4, "tiny")),
    *(post("9", "flood") for _ in range(300)),
]
"""REPEATS to RUN and NOON are more than 24 hours apart, so none is in the baseline of another's hour."""


@pytest.fixture(scope="module")
def week(spark: SparkSession) -> dict[Any, Any]:
    """The trends of WEEK_OF_POSTS, by hashtag and period: an hour's start, a day's date, or `window`."""
    found = hashtag_trends(frame(spark, WEEK_OF_POSTS), TOPIC, window("2016-04-24T16:00Z")).collect()
    rows: dict[Any, Any] = {}
    for row in found:
        start = row.period_start.replace(tzinfo=UTC)
        rows[{"hour": start, "day": start.date(), "window": "window"}[row.period], row.hashtag] = row
    return rows


def hour(at: datetime) -> datetime:
    return at.replace(minute=0)


def test_a_post_counts_once_a_hashtag_and_an_author_once_a_network(week: dict[Any, Any]) -> None:
    found = {tag: (row.posts, row.authors, row.rank) for (start, tag), row in week.items() if start == hour(REPEATS)}
    assert found == {"a": (3, 2, 1), "b": (1, 1, 2)}


def test_the_100_most_used_are_kept_and_ties_stand_in_order(week: dict[Any, Any]) -> None:
    ranked = sorted((row.rank, tag) for (start, tag), row in week.items() if start == hour(MANY))
    assert [tag for _, tag in ranked] == ["t110", *TAGS[:99]]


def test_previous_posts_are_those_of_the_period_right_before(week: dict[Any, Any]) -> None:
    assert [week[hour(RUN - hours * HOUR), "c"].previous_posts for hours in (0, 1, 2, 24)] == [1, 1, 0, 0]
    assert week[RUN.date() - timedelta(days=1), "c"].previous_posts == 1
    assert (week["window", "c"].posts, week["window", "c"].previous_posts) == (4, 1)
    assert (hour(RUN - 24 * 7 * HOUR), "c") not in week


def test_many_authors_burst_and_one_flooder_does_not(week: dict[Any, Any]) -> None:
    burst_of = {tag: row.burst for (start, tag), row in week.items() if start == hour(NOON)}
    expected = 10 * 0.5 / 241
    by_hand = math.log2(8.5 / (expected + 0.5)) - 3.3 / math.sqrt(8.5) - 2 / math.pow(8.5, 1.5)
    assert week[hour(NOON), "flood"].rank == 1
    assert burst_of["news"] == pytest.approx(by_hand)
    assert by_hand > 2
    assert burst_of["flood"] < 0
    assert burst_of["usual"] < 0
    assert burst_of["tiny"] == 0


def test_without_a_baseline_there_is_no_burst(week: dict[Any, Any]) -> None:
    assert week[hour(ALONE), "a"].burst is None


def test_a_baseline_of_a_few_authors_proves_little(week: dict[Any, Any]) -> None:
    assert week[hour(FEW), "a"].burst < 0


def test_a_window_of_over_a_week_has_no_span_before_it(spark: SparkSession) -> None:
    longer = window("2016-04-20T16:00Z")
    posts = frame(spark, [*busy(NOON, 5, "a"), post("1", "a", event_at=NOON - 20 * HOUR)])
    rows = {(row.period, row.period_start.hour): row for row in hashtag_trends(posts, TOPIC, longer).collect()}
    assert (rows["window", 16].previous_posts, rows["window", 16].burst) == (None, None)
    assert rows["hour", 3].burst is not None
    assert longer.start - reach(longer, TOPIC).start == timedelta(days=7)


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
    assert over.start - reach(over, TOPIC).start == before
    assert reach(over, TOPIC).end == over.end


def test_the_baseline_of_a_day_follows_the_clocks(spark: SparkSession) -> None:
    topic = Topic(topic="t", timezone="Europe/London")
    over = parse_window("2016-03-27T23:00Z", "2016-03-28T23:00Z", topic.zone)
    assert reach(over, topic).start == datetime(2016, 3, 21, tzinfo=UTC)
    before = [post("1", "a", event_at=datetime(2016, 3, 27, hour, 30, tzinfo=UTC)) for hour in (0, 22)]
    rows = hashtag_trends(frame(spark, [*before, post("1", "a", event_at=over.start)]), topic, over)
    assert [row.previous_posts for row in rows.where("period = 'day'").collect()] == [2]


def test_the_burst_is_the_gamma_distributions_limit(spark: SparkSession) -> None:
    cases = [(o, e) for o in (5, 8, 20, 100, 5000) for e in (0.0, 0.4, 3.0, 90.0, 5000.0)]
    rows = spark.createDataFrame(cases, "o long, e double").select("o", "e", burst(F.col("o"), F.col("e")).alias("b"))
    for row in rows.collect():
        exact = math.log2(gamma.ppf(0.025, row.o + 0.5, scale=1 / (row.e + 0.5)))
        assert exact - 0.06 < row.b < exact, row
        assert bursts(np.array([row.o]), np.array([row.e]))[0] == pytest.approx(row.b, abs=1e-12)


@pytest.mark.parametrize(("preceding", "most"), [(24, 0.02), (7, 0.025), (1, 0.065)])
def test_a_steady_hashtag_seldom_bursts(spark: SparkSession, preceding: int, most: float) -> None:
    draws = np.random.default_rng(2016)
    means = np.repeat([1, 3, 10, 40], 2500)
    names = "authors long, baseline_authors long, all_authors long, all_baseline_authors long"
    cases = zip(draws.poisson(means).tolist(), draws.poisson(means * preceding).tolist(), strict=True)
    rows = spark.createDataFrame([(now, then, 5000, 5000 * preceding) for now, then in cases], names)
    expected = expected_authors(F.col("all_authors"), F.col("baseline_authors"), F.col("all_baseline_authors"))
    fired = rows.where(burst(F.col("authors"), expected) > 0).count()
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
    races = yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"]
    inside = [row for row in data.rows if START <= row[COLUMNS.index("event_at")] < END]
    rows = candidate_hashtags(frame(spark, inside), data.topic, window(*WINDOW)).collect()
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


def naming(name: str, authors: int, *hashtags: str, days: int) -> list[tuple[Any, ...]]:
    """Returns posts that mention `name`, `days` days before NOON."""
    return [post(f"{name}{i}", *hashtags, folded=name, event_at=NOON - days * 24 * HOUR) for i in range(authors)]


@pytest.fixture(scope="module")
def about(spark: SparkSession) -> dict[int, dict[tuple[str, str], Any]]:
    """The candidates' hashtags, by the days before NOON, then by candidate and hashtag."""
    posts = [
        *(*naming("ana", 20, "jobs", "debate", days=0), *naming("bob", 10, "roads", "debate", days=0)),
        *(*naming("ana bob", 10, "both", days=1), *naming("ana", 5, "jobs", days=1), *naming("bob", 5, "x", days=1)),
        *(*naming("ana", 9, "teamana", "jobs", days=2), *naming("ana", 4, "tiny", days=2)),
        *(post("9", "flood", folded="ana", event_at=NOON - 48 * HOUR) for _ in range(200)),
        *(*naming("bob", 9, "x", days=2), *naming("ana", 9, "jobs", days=3)),
    ]
    rows = candidate_hashtags(frame(spark, posts), TOPIC, window("2016-04-24T16:00Z")).where("period = 'day'").collect()
    days = {day: (NOON - day * 24 * HOUR).astimezone(TOPIC.zone).date() for day in range(4)}
    return {
        day: {(r.candidate, r.hashtag): r for r in rows if r.period_end.date() == date} for day, date in days.items()
    }


About = dict[int, dict[tuple[str, str], Any]]


def test_a_hashtag_is_of_the_candidate_whose_posts_carry_it_more(about: About) -> None:
    assert set(about[0]) == {("ana", "jobs"), ("bob", "roads")}
    prior = 500 * 20 / 60
    delta = math.log((20 + prior) / (40 + 500 - 20 - prior)) - math.log(prior / (20 + 500 - prior))
    row = about[0]["ana", "jobs"]
    assert (row.posts, row.authors, row.rank) == (20, 20, 1)
    assert row.log_odds == pytest.approx(delta)
    assert row.z_score == pytest.approx(delta / math.sqrt(1 / (20 + prior) + 1 / prior))


def test_a_post_that_names_both_is_in_neithers_rest(about: About) -> None:
    assert set(about[1]) == {("ana", "both"), ("bob", "both"), ("ana", "jobs"), ("bob", "x")}


def test_own_hashtags_floods_and_few_authors_are_left_out(about: About) -> None:
    assert {tag for candidate, tag in about[2] if candidate == "ana"} == {"jobs"}


def test_without_others_there_is_nothing_to_compare(about: About) -> None:
    assert about[3] == {}


def test_a_topic_without_races_says_so(spark: SparkSession) -> None:
    with pytest.raises(WrongUse, match="topic t has no races"):
        candidate_hashtags(frame(spark, []), Topic(topic="t"), window())
