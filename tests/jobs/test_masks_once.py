"""The candidates whom posts mention are found once for all jobs that read the same posts."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.topic import Topic, parse_topic
from jobs import author_activity, candidate_hashtags, candidate_poll, hashtag_trends, poll_backtest, shared_items
from jobs.framework import inputs
from jobs.framework.inputs import Place, SharedPosts
from jobs.framework.inputs import posts_of as input_of
from jobs.framework.job import Job
from jobs.framework.window import Window
from jobs.measures.mentions import BITS, mask_columns, masks_of, with_masks
from tests.jobs.test_candidate_poll import TOPIC, frame, post, window
from tests.support.frames import assertDataFrameEqual

TEXTS = ("ana", "bob", "ana and bob", "lunch")


def posts(spark: SparkSession) -> DataFrame:
    return frame(spark, *(post(str(n), text) for n, text in enumerate(TEXTS)))


def read_once(of: DataFrame, topic: Topic) -> DataFrame:
    """Posts as jobs get them that read together."""
    return of.select("*", *(mask.alias(name) for name, mask in masks_of(topic).items()))


def masks(of: DataFrame, topic: Topic, searched: Column | None = None) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in with_masks(of, topic.races, [], searched).collect()]


def test_masks_that_were_read_are_those_that_a_job_computes(spark: SparkSession) -> None:
    found = masks(posts(spark), TOPIC)
    assert found == masks(read_once(posts(spark), TOPIC), TOPIC)
    assert found == [(0b0001,), (0b1010,), (0b1011,), (0,)]


def test_no_rule_is_evaluated_again(spark: SparkSession) -> None:
    once = read_once(posts(spark), TOPIC).localCheckpoint()
    for found in (with_masks(once, TOPIC.races, []), candidate_poll.candidate_poll(once, TOPIC, window())):
        assert "RLIKE" not in found._jdf.queryExecution().optimizedPlan().toString()


def test_the_poll_is_the_same(spark: SparkSession) -> None:
    alone = candidate_poll.candidate_poll(posts(spark), TOPIC, window())
    assert alone.count()
    assertDataFrameEqual(alone, candidate_poll.candidate_poll(read_once(posts(spark), TOPIC), TOPIC, window()))


def test_masks_of_other_rules_are_not_taken(spark: SparkSession) -> None:
    once = read_once(posts(spark), TOPIC)
    races = list(reversed(TOPIC.races))
    assert masks(once, TOPIC.model_copy(update={"races": races})) == [(0b0010,), (0b0101,), (0b0111,), (0,)]
    assert masks(once, TOPIC.model_copy(update={"races": races[:1]})) == [(0,), (1,), (1,), (0,)]
    lunch = parse_topic("topic: t\nraces: [{id: r, candidates: [{id: ana, name: Ana, aliases: [lunch]}]}]", "f")
    assert masks(once, lunch) == [(0,), (0,), (0,), (1,)]


def test_posts_that_are_not_searched_mention_nobody(spark: SparkSession) -> None:
    wanted = F.col("folded") != "bob"
    for some in (posts(spark), read_once(posts(spark), TOPIC)):
        assert masks(some, TOPIC, wanted) == [(0b0001,), (0,), (0b1011,), (0,)]


def test_a_topic_without_races_has_no_masks(spark: SparkSession) -> None:
    topic = parse_topic("topic: t\nmatch: [text]", "f")
    assert masks_of(topic) == {}
    assert with_masks(posts(spark), topic.races, ["folded"]).columns == ["folded"]


def test_many_candidates_have_several_masks() -> None:
    many = [f"{{id: c{n}, name: C, aliases: [name{n}]}}" for n in range(BITS + 1)]
    topic = parse_topic(f"topic: t\nraces: [{{id: r, candidates: [{', '.join(many)}]}}]", "f")
    assert len(masks_of(topic)) == len(mask_columns(topic.races)) == 2


@pytest.mark.parametrize(
    ("jobs", "computed"),
    [
        ([candidate_poll.JOB, shared_items.JOB, hashtag_trends.JOB], True),
        ([candidate_poll.JOB, poll_backtest.JOB, candidate_hashtags.JOB], True),
        ([author_activity.JOB, candidate_hashtags.JOB], False),  # which searches posts with a hashtag alone
        ([candidate_poll.JOB, hashtag_trends.JOB], False),  # which reads a week before the poll's day
    ],
)
def test_they_are_found_where_a_job_wants_them_of_all_that_is_read(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, jobs: list[Job], computed: bool
) -> None:
    asked = list[set[str]]()

    def read(_: Place, __: Window, ___: Sequence[str], computed: Mapping[str, Column]) -> inputs.PostsRead:
        asked.append(set(computed))
        return cast("inputs.PostsRead", (posts(spark), 0, None))

    monkeypatch.setattr(inputs, "read_posts", read)
    day, given = window(), [input_of(job) for job in jobs]
    shared = SharedPosts(given, TOPIC, day)
    at = cast("Place", type("At", (), {"topic": TOPIC}))
    for one in given:
        shared.read(at, one.reach(day, TOPIC), one.columns_of(TOPIC))
    assert asked == [set(masks_of(TOPIC)) if computed else set()]
