"""The part of a period in which live collection was up: computed by hand, and in the poll."""

from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.notes import Gap as NotedGap
from ingest.queue.notes import Mark, gap_message, through_message
from ingest.queue.posts_queue import PostsQueue
from jobs.candidate_poll import JOB
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from stores.coverage import Gap, Record, coverage
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

START = datetime(2016, 5, 1, tzinfo=UTC)
BEGAN = START - timedelta(days=1)
OF_AN_EARLIER_RELEASE = Gap(datetime(1970, 1, 1, tzinfo=UTC), BEGAN)


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def record(*gaps: tuple[float, float | None], through: float = 100) -> Record:
    return Record([Gap(hours(a), None if b is None else hours(b)) for a, b in gaps], hours(through), BEGAN)


@pytest.mark.parametrize(
    ("given", "covered"),
    [
        (record(), 1),
        (record((2, 3)), 0.9),
        (record((-1, 1), (9, 30)), 0.8),
        (record((1, 4), (2, 3), (3, 6)), 0.5),  # they overlap
        (record((5, None)), 0.5),  # it still lasts
        (record(through=4), 0.4),  # nothing later is known to be stored
        (record((3, 3), (5, 4)), 1),  # they were filled
        (record((6, None), through=4), 0.4),
        (record(through=-2), 0),
    ],
)
def test_the_gaps_of_a_period_are_what_it_lacks(given: Record, covered: float) -> None:
    assert coverage({"x": given}, hours(0), hours(10)) == pytest.approx(covered)


@pytest.mark.parametrize("given", [record(), Record([OF_AN_EARLIER_RELEASE], hours(100))])
def test_before_the_first_collection_nothing_is_covered(given: Record) -> None:
    assert coverage({"x": given}, hours(-240), hours(-24)) == 0
    assert coverage({"x": given}, hours(-25), hours(-23)) == 0.5
    assert coverage({"x": given}, hours(-24), hours(0)) == 1


def test_nothing_collected_live_is_no_coverage_at_all() -> None:
    assert coverage({}, hours(0), hours(10)) is None


def test_sources_that_were_up_count_alike_and_others_not() -> None:
    records = {"x": record((5, 10)), "bluesky": record(), "mastodon": record(through=-1)}
    assert coverage(records, hours(0), hours(10)) == pytest.approx(0.75)


def test_the_poll_says_what_part_of_each_period_was_collected(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue, topic: Topic
) -> None:
    posts = [stream_line(tweet(str(i), "duterte", created_at=f"2016-05-01T{i:02}:30:00Z")) for i in range(4)]
    queue.add(
        [
            gap_message(topic.topic, "x", NotedGap(hours(0.9), hours(1), "no record", first=True, mark=Mark("r", 1))),
            gap_message(topic.topic, "x", NotedGap(hours(2.5), hours(2.75), "network error", 7, mark=Mark("r", 2))),
            through_message(topic.topic, "x", hours(3.5), Mark("r", 3)),
        ]
    )
    load(posts, topic.topic, queue, session, settings)
    window = parse_window("2016-05-01T00:00Z", "2016-05-01T04:00Z", topic.zone)
    run_job(JOB, spark, session, settings, topic, window)
    query = f"SELECT * FROM {settings.keyspace}.candidate_poll WHERE topic = %s AND race = 'president' AND period = %s"
    found = {
        (row.period, row.period_start.hour): row.coverage
        for period in ("hour", "window")
        for row in session.execute(query, (topic.topic, period))
    }
    assert found == {
        ("hour", 0): 0,
        ("hour", 1): 1,
        ("hour", 2): pytest.approx(0.75),
        ("hour", 3): pytest.approx(0.5),
        ("window", 0): pytest.approx(2.25 / 4),
    }
