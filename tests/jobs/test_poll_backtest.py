"""The backtest: one rule per test, and all of it compared with an independent computation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession

from conf.errors import WrongUse
from conf.topic import Topic, parse_topic
from jobs.framework.window import Window, parse_window
from jobs.poll_backtest import SPANS, poll_backtest, spans_in
from tests.conftest import SHIPPED_TOPICS
from tests.support import independent_trends
from tests.support.corpus import COLUMNS, corpus, frame

RACE = """topic: t
timezone: Asia/Manila
races:
  - id: r
    candidates:
      - {id: ana, name: Ana, aliases: [ana]}
      - {id: bob, name: Bob, aliases: [bob]}
      - {id: cy, name: Cy, aliases: [cy]}
    outcome: {ana: 0.5, bob: 0.4}
    polls:
      - {name: early, date: 2016-05-03, shares: {ana: 0.4, bob: 0.4}}
      - {name: late, date: 2016-05-09, shares: {ana: 0.5, bob: 0.4}}
  - id: unvoted
    candidates: [{id: dee, name: Dee, aliases: [dee]}]
"""
TOPIC = parse_topic(RACE, "f")
VOTE = datetime(2016, 5, 8, 16, tzinfo=UTC)
WEEK = ("2016-05-01T16:00Z", "2016-05-08T16:00Z")


def post(author_id: str, folded: str, before: timedelta, **changes: Any) -> tuple[Any, ...]:
    base = {
        "source": "x",
        "author_id": author_id,
        "kind": "original",
        "folded": folded,
        "event_at": VOTE - before,
    }
    return tuple({**dict.fromkeys(COLUMNS), **base, **changes}.values())


def window(start: str = WEEK[0], end: str = WEEK[1]) -> Window:
    return parse_window(start, end, TOPIC.zone)


POSTS = [
    post("1", "ana", timedelta(hours=1), author="one"),
    post("1", "ana", timedelta(hours=2), author="one"),
    post("2", "bob", timedelta(hours=24)),
    post("3", "bob", timedelta(days=1, microseconds=1)),
    post("4", "dee", timedelta(hours=1)),
]


@pytest.fixture(scope="module")
def measured(spark: SparkSession) -> dict[str, Any]:
    """The backtest of POSTS, with two accounts flagged, one of which is in a group."""
    flagged = spark.createDataFrame([("x:1",), ("x:3",)], "author string")
    rows = poll_backtest(frame(spark, POSTS), TOPIC, window(), flagged, grouped=flagged.limit(1)).collect()
    assert {(row.race, row.topic) for row in rows} == {("r", "t")}
    assert len({row.measure for row in rows}) == len(rows)
    return {row.measure: row for row in rows}


def error(**shares: float) -> Any:
    return pytest.approx((abs(shares["ana"] - 0.5) + abs(shares["bob"] - 0.4)) / 2)


def test_a_measure_is_a_share_over_a_span_that_the_window_holds(measured: dict[str, Any]) -> None:
    shares = {"share_authors", "share_posts", "share_authors_no_bots", "share_authors_no_groups"}
    conversation = {f"{share}:{span}" for share in shares for span in ("last_day", "last_week")}
    assert measured.keys() == conversation | {"poll:early"}


def test_the_error_is_the_mean_over_the_candidates_with_an_outcome(measured: dict[str, Any]) -> None:
    assert measured["share_authors:last_day"].mae == error(ana=1 / 2, bob=1 / 2)
    assert measured["share_posts:last_day"].mae == error(ana=2 / 3, bob=1 / 3)
    assert measured["share_authors:last_week"].mae == error(ana=1 / 3, bob=2 / 3)
    assert measured["share_posts:last_week"].mae == error(ana=2 / 4, bob=2 / 4)


def test_without_bots_the_flagged_authors_do_not_vote(measured: dict[str, Any]) -> None:
    assert measured["share_authors_no_bots:last_day"].mae == error(ana=0, bob=1)
    assert measured["share_authors_no_bots:last_week"].mae == error(ana=0, bob=1)


def test_equal_shares_of_all_candidates_stand_beside(measured: dict[str, Any]) -> None:
    assert [row.mae_uniform for row in measured.values()] == [error(ana=1 / 3, bob=1 / 3)] * len(measured)
    assert {row.method for row in measured.values()} == {TOPIC.races[0].method}


def test_a_poll_shares_out_its_undecided_and_one_after_the_window_is_left_out(measured: dict[str, Any]) -> None:
    row = measured["poll:early"]
    assert row.mae == error(ana=0.5, bob=0.5)
    assert row.window_start == datetime(2016, 5, 2, 16)
    assert row.window_end == datetime(2016, 5, 3, 16)


def test_every_span_ends_where_the_window_ends(measured: dict[str, Any]) -> None:
    rows = {measure: row for measure, row in measured.items() if not measure.startswith("poll:")}
    assert {row.window_end for row in rows.values()} == {VOTE.replace(tzinfo=None)}
    starts = {measure.split(":")[1]: row.window_start for measure, row in rows.items()}
    assert starts == {"last_day": datetime(2016, 5, 7, 16), "last_week": datetime(2016, 5, 1, 16)}


def test_a_span_follows_the_clocks_of_the_topic() -> None:
    zone = Topic(topic="t", timezone="Europe/London").zone
    spans = spans_in(parse_window("2016-03-21T00:00Z", "2016-03-27T23:00Z", zone))
    assert spans == {"last_day": datetime(2016, 3, 27, tzinfo=UTC), "last_week": datetime(2016, 3, 21, tzinfo=UTC)}


def test_without_flags_there_is_no_measure_without_bots(spark: SparkSession) -> None:
    silent = frame(spark, [post("1", "lunch", timedelta(hours=1))])
    assert [row.measure for row in poll_backtest(silent, TOPIC, window()).collect()] == ["poll:early"]


def test_nothing_to_measure_says_so(spark: SparkSession) -> None:
    posts = frame(spark, [])
    with pytest.raises(WrongUse, match="topic t has no race with an outcome"):
        poll_backtest(posts, Topic(topic="t"), window())
    with pytest.raises(WrongUse, match="the window is shorter than a day"):
        poll_backtest(posts, TOPIC, window("2016-05-08T00:00Z"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{ana: 0.4, bob: 0.4}", "{ana: 0.4}", r"f:4: races\[0\]: poll 'early' has no share for 'bob'"),
        ("{ana: 0.4, bob: 0.4}", "{ana: 0.4, bob: 0.4, eve: 0.1}", "poll 'early' names 'eve', who is not a candidate"),
        ("{ana: 0.4, bob: 0.4}", "{ana: 0.7, bob: 0.4}", "poll 'early' sums to more than 1"),
        ("{ana: 0.4, bob: 0.4}", "{ana: 0, bob: 0}", "poll 'early' has 0 for everyone"),
        ("name: late", "name: early", "poll name 'early' is used twice"),
        ("2016-05-03", "May", r"f:11: races\[0\].polls\[0\].date: "),
        ("shares: {ana: 0.5", "share: {ana: 0.5", r"f:12: races\[0\].polls\[1\].shares: is missing"),
    ],
)
def test_a_mistake_in_a_poll_is_told(old: str, new: str, message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        parse_topic(RACE.replace(old, new), "f")


@pytest.mark.parametrize("parts", [None, 0, 3])
def test_the_backtest_equals_one_computed_apart(spark: SparkSession, parts: int | None) -> None:
    data = corpus()
    bots = set(sorted({seen.author for seen in data.seen})[::9])
    flagged: DataFrame = spark.createDataFrame([(account,) for account in sorted(bots)], "author string")
    over = window("2016-04-08T16:00Z")
    inside = [row for row in data.rows if over.start <= row[4] < over.end]
    rows = poll_backtest(frame(spark, inside), data.topic, over, flagged, parts=parts).collect()
    races = yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"]
    for race in races:
        expected = independent_trends.backtest(data.seen, race, VOTE, bots, SPANS)
        found = {row.measure: row for row in rows if row.race == race["id"]}
        polls = {f"poll:{poll['name']}" for poll in race["polls"]}
        assert found.keys() == expected.keys() | polls
        assert {name: row.mae for name, row in found.items() if name in expected} == pytest.approx(expected, abs=1e-9)
        guess = sum(abs(1 / len(race["candidates"]) - share) for share in race["outcome"].values())
        assert [row.mae_uniform for row in found.values()] == pytest.approx([guess / len(race["outcome"])] * len(found))


def test_the_shipped_outcomes_are_the_official_canvass() -> None:
    votes = {
        "president": [16_601_997, 9_978_175, 9_100_991, 5_416_140, 1_455_532],
        "vice-president": [14_418_817, 14_155_344, 5_903_379, 4_931_962, 868_501, 788_881],
    }
    for race in corpus().topic.races:
        assert sum(race.outcome.values()) == pytest.approx(1, abs=1e-9)
        exact = [count / sum(votes[race.id]) for count in votes[race.id]]
        assert list(race.outcome.values()) == pytest.approx(exact, abs=1e-4)
