"""The whole path with 20,000 generated posts, compared with an independent poll; and what a run leaves behind."""

import re
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from cassandra.cluster import Session
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.errors import PulsoError
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY
from conf.topic import Topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from jobs import author_activity
from jobs.candidate_poll import JOB
from jobs.framework.direct_join import stored_posts
from jobs.framework.inputs import posts_of
from jobs.framework.job import Inputs, Job, JobResult
from jobs.framework.publication import Publication
from jobs.framework.runner import run_job
from jobs.framework.swapping import swaps
from jobs.framework.window import Window, parse_window
from readers.partitions import published_rows
from stores.connect import RedisClient
from stores.published import Period
from tests.conftest import SHIPPED_TOPICS, make_topic
from tests.support import independent_poll
from tests.support.independent_poll import Seen
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

POSTS = 8_000
WINDOW = ("2016-02-10T05:30Z", "2016-05-07T11:15Z")
FIGURES = (
    "posts",
    "originals",
    "retweets",
    "replies",
    "quotes",
    "authors",
    "posts_total",
    "authors_total",
    "share_posts",
    "share_authors",
    "share_authors_low",
    "share_authors_high",
)
Published = dict[tuple[Any, ...], Any]


def published(session: Session, settings: Settings, topic: Topic, race: str) -> Published:
    query = f"SELECT * FROM {settings.keyspace}.candidate_poll WHERE topic = %s AND race = %s AND period = %s"
    rows = [row for period in ("hour", "day", "window") for row in session.execute(query, (topic.topic, race, period))]
    utc = [(row, row.period_start.replace(tzinfo=UTC), row.period_end.replace(tzinfo=UTC)) for row in rows]
    return {(row.period, start, end, row.candidate): row for row, start, end in utc}


def run(
    job: Job, spark: SparkSession, session: Session, settings: Settings, topic: Topic, start: str, end: str
) -> JobResult:
    return run_job(job, spark, session, settings, topic, parse_window(start, end, topic.zone))


@dataclass
class Corpus:
    """The generated posts: in Cassandra under their topic, and as the independent computation sees them."""

    topic: Topic
    seen: list[Seen]


@pytest.fixture(scope="module")
def corpus(settings: Settings, session: Session, client: RedisClient) -> Corpus:
    topic = make_topic(settings)
    lines = b"".join(generate(topic, POSTS, 11)).splitlines()
    queue = PostsQueue(client, "test:corpus")
    assert load(lines, topic.topic, queue, session, settings) == POSTS
    return Corpus(topic, [Seen(line) for line in lines])


START, END = (datetime.fromisoformat(value) for value in WINDOW)


@pytest.fixture(scope="module")
def flagged(corpus: Corpus, spark: SparkSession, session: Session, settings: Settings) -> set[str]:
    """The accounts that author_activity flags over the window."""
    done = run(author_activity.JOB, spark, session, settings, corpus.topic, *WINDOW)
    assert done.rows_written > POSTS / 2
    period = Period("", "window", START, END)
    rows = published_rows(session, settings.keyspace, AUTHOR_ACTIVITY, corpus.topic, period)
    activity = {row.author: row for row in rows}
    posts = Counter(post.author for post in corpus.seen if START <= post.at < END)
    assert {author: row.posts for author, row in activity.items()} == posts
    return {author for author, row in activity.items() if row.bot_score >= corpus.topic.bots.flag_at}


@pytest.fixture(scope="module")
def result(corpus: Corpus, flagged: set[str], spark: SparkSession, session: Session, settings: Settings) -> JobResult:
    return run(JOB, spark, session, settings, corpus.topic, *WINDOW)


@pytest.mark.parametrize("race", [0, 1])
def test_the_poll_equals_one_computed_apart(
    corpus: Corpus, result: JobResult, session: Session, settings: Settings, race: int
) -> None:
    rules = yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"][race]
    expected = independent_poll.poll(corpus.seen, rules, START, END, "Asia/Manila")
    found = published(session, settings, corpus.topic, rules["id"])
    assert {period for period, *_ in expected} == {"hour", "day", "window"}
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for name in FIGURES:
            figure = None if row[name] is None else pytest.approx(row[name], rel=0, abs=1e-9)
            assert getattr(found[key], name) == figure, (key, name)


@pytest.mark.parametrize("race", [0, 1])
def test_the_share_without_bots_is_that_of_the_authors_who_are_left(
    corpus: Corpus, result: JobResult, flagged: set[str], session: Session, settings: Settings, race: int
) -> None:
    assert flagged
    rules = yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"][race]
    people = [post for post in corpus.seen if post.author not in flagged]
    expected = independent_poll.poll(people, rules, START, END, "Asia/Manila")
    for key, row in published(session, settings, corpus.topic, rules["id"]).items():
        share = expected[key]["share_authors"] if key in expected else None
        approx = None if share is None else pytest.approx(share, rel=0, abs=1e-9)
        assert row.share_authors_no_bots == approx, key
        assert row.share_authors_no_groups is None, "coordination has not run"


def test_a_run_counts_the_posts_of_its_window(corpus: Corpus, result: JobResult) -> None:
    assert result.rows_read == sum(START <= post.at < END for post in corpus.seen) < POSTS


def test_what_is_not_known_leaves_no_deletion_marks(
    corpus: Corpus, result: JobResult, session: Session, settings: Settings
) -> None:
    """An hour with few authors has no shares; each reader of the hours would go over the marks of their nulls."""
    query = f"SELECT * FROM {settings.keyspace}.candidate_poll WHERE topic = %s AND race = %s AND period = 'hour'"
    answer = session.execute(query, (corpus.topic.topic, corpus.topic.races[0].id), trace=True)
    assert any(row.coverage is None for row in answer.current_rows)
    told = " ".join(str(event.description) for event in answer.get_query_trace(max_wait_sec=30).events)
    marks = [int(number) for number in re.findall(r"(\d+) tombstone cells", told)]
    assert marks, told
    assert max(marks) < 10  # those of the batches that replaced older rows


def test_only_the_windows_partitions_are_read(corpus: Corpus, spark: SparkSession, settings: Settings) -> None:
    topic = corpus.topic
    window = parse_window("2016-03-01T00:00Z", "2016-03-03T00:00Z", topic.zone)
    buckets = dict.fromkeys(window.days(), topic.buckets)
    posts = stored_posts(spark, settings, topic, window, posts_of(JOB).columns, buckets)
    plan = posts._jdf.queryExecution().toString()
    assert "Cassandra Direct Join" in plan
    assert posts.rdd.getNumPartitions() == min(
        len(window.days()) * topic.buckets, spark.sparkContext.defaultParallelism * 4
    )
    posts.unpersist()


def plain_topic(settings: Settings) -> Topic:
    return make_topic(
        settings, "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, aliases: [bob]}]}]\n"
    )


def lines_of(*texts: str) -> list[bytes]:
    return [stream_line(tweet(str(i), text=text, author_id=str(i))) for i, text in enumerate(texts, 1)]


DAY = ("2016-04-30T16:00Z", "2016-05-01T16:00Z")


def test_a_rerun_replaces_and_rows_that_are_gone_are_gone(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = plain_topic(settings)
    load(lines_of("ana", "bob", "bob"), topic.topic, queue, session, settings)
    first = run(JOB, spark, session, settings, topic, *DAY)
    before = published(session, settings, topic, "r")
    assert first.rows_written == len(before) == 6
    again = run(JOB, spark, session, settings, topic, *DAY)
    after = published(session, settings, topic, "r")
    assert after.keys() == before.keys()
    assert {row.run_id for row in after.values()} == {again.run_id}
    session.execute(
        f"DELETE FROM {settings.keyspace}.posts WHERE topic = %s AND day = '2016-05-01' AND bucket IN (0, 1, 2, 3)",
        (topic.topic,),
    )
    assert run(JOB, spark, session, settings, topic, *DAY).rows_written == 0
    assert published(session, settings, topic, "r") == {}


def test_a_shorter_window_leaves_other_windows_periods_alone(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = plain_topic(settings)
    load(lines_of("ana", "bob"), topic.topic, queue, session, settings)
    run(JOB, spark, session, settings, topic, *DAY)
    run(JOB, spark, session, settings, topic, "2016-05-01T11:30Z", "2016-05-01T12:30Z")  # no whole hour or day
    found = published(session, settings, topic, "r")
    assert {(period, end - start) for period, start, end, _ in found} == {
        ("hour", timedelta(hours=1)),
        ("day", timedelta(days=1)),
        ("window", timedelta(days=1)),
        ("window", timedelta(hours=1)),
    }


def test_two_runs_at_once_end_with_one_complete_result(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = plain_topic(settings)
    load(lines_of("ana", "bob"), topic.topic, queue, session, settings)
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(run(JOB, spark, session, settings, topic, *DAY)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = published(session, settings, topic, "r")
    assert len(results) == 2
    assert len(found) == 6
    by_period = [{row.run_id for row in found.values() if row.period == period} for period in ("hour", "day", "window")]
    assert all(len(runs) == 1 for runs in by_period)


def runs_of(session: Session, settings: Settings, topic: Topic) -> list[Any]:
    query = f"SELECT * FROM {settings.keyspace}.job_runs WHERE job = 'candidate_poll' AND topic = %s"
    return list(session.execute(query, (topic.topic,)))


def test_a_run_leaves_a_row_whether_it_succeeds_or_fails(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = plain_topic(settings)
    load(lines_of("ana"), topic.topic, queue, session, settings)
    run(JOB, spark, session, settings, topic, *DAY)

    def broken(*_: object) -> dict[str, DataFrame]:
        raise PulsoError("no luck")

    with pytest.raises(PulsoError):
        run(replace(JOB, transform=broken), spark, session, settings, topic, *DAY)
    failed, succeeded = runs_of(session, settings, topic)
    assert (failed.status, failed.error, failed.rows_read) == ("failed", "PulsoError: no luck", None)
    assert (succeeded.status, succeeded.rows_read, succeeded.rows_written, succeeded.error) == ("succeeded", 1, 6, None)
    assert succeeded.window_end - succeeded.window_start == timedelta(days=1)
    assert succeeded.method == f"r:{topic.races[0].method}"


def test_a_failed_check_publishes_nothing_and_the_old_run_stays_readable(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = plain_topic(settings)
    load(lines_of("ana", "bob"), topic.topic, queue, session, settings)
    run(JOB, spark, session, settings, topic, *DAY)
    before = published(session, settings, topic, "r")

    def without_names(inputs: Inputs, topic: Topic, window: Window) -> dict[str, DataFrame]:
        frames = JOB.transform(inputs, topic, window)
        return {name: frame.withColumn("name", F.lit(None).cast("string")) for name, frame in frames.items()}

    with pytest.raises(PulsoError, match="a check failed: candidate_poll: name is not null: 6 of 6 rows"):
        run(replace(JOB, transform=without_names), spark, session, settings, topic, *DAY)
    assert published(session, settings, topic, "r") == before


def publication(settings: Settings, topic: Topic, start: str, end: str) -> Publication:
    window = parse_window(start, end, topic.zone)
    return Publication(settings, JOB.name, topic, window, uuid.uuid1(), datetime(2016, 5, 2, tzinfo=UTC))


def test_a_period_too_large_to_be_swapped_whole_is_refused(settings: Settings) -> None:
    topic = plain_topic(settings)
    row = {"topic": topic.topic, "race": "r", "period": "hour", "period_start": 0}
    with pytest.raises(PulsoError, match="a batch holds only 30,000"):
        swaps(JOB.outputs[0], publication(settings, topic, *DAY), [row] * 30_001)


def test_many_periods_are_swapped_in_spans_of_time_that_leave_nothing_out(settings: Settings) -> None:
    topic = plain_topic(settings)
    start = int(datetime.fromisoformat(DAY[0]).timestamp() * 1000)
    hours = [start + 3_600_000 * i for i in range(24)]
    rows = [
        {"topic": topic.topic, "race": "r", "period": "hour", "period_start": at} for at in hours for _ in range(4000)
    ]
    found = [
        s for s in swaps(JOB.outputs[0], publication(settings, topic, *DAY), rows) if s.partition["period"] == "hour"
    ]
    assert [len(swap.rows) for swap in found] == [28_000, 28_000, 28_000, 12_000]
    assert [swap.bounds for swap in found] == [
        (hours[a], hours[b] if b < 24 else start + 86_400_000) for a, b in ((0, 7), (7, 14), (14, 21), (21, 24))
    ]


def test_long_texts_are_swapped_in_batches_that_cassandra_takes(settings: Settings) -> None:
    topic = plain_topic(settings)
    start = int(datetime.fromisoformat(DAY[0]).timestamp() * 1000)
    row = {"topic": topic.topic, "race": "r", "period": "hour", "name": "ж" * 1000, "method": "é" * 1000}
    rows = [{**row, "period_start": start + 3_600_000 * hour} for hour in range(24) for _ in range(250)]
    found = [
        s for s in swaps(JOB.outputs[0], publication(settings, topic, *DAY), rows) if s.partition["period"] == "hour"
    ]
    assert [len(swap.rows) for swap in found] == [2000, 2000, 2000]  # 4,000 bytes each, at most 8 MiB a batch
    assert found[0].bounds == (start, start + 8 * 3_600_000)
