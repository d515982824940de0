"""Checks before and after a job stop bad data: nothing is published, the earlier run stays, the error is one line."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cassandra.cluster import Session
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.partitions import bucket_of
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from jobs.candidate_poll import JOB
from jobs.framework.command import run
from jobs.framework.job import Frames, Inputs, Job
from jobs.framework.runs import JobRun
from jobs.framework.window import Window
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

DAY = ("2016-04-30T16:00Z", "2016-05-01T16:00Z")
OF_DAY = "2016-04-30 16:00 to 2016-05-01 16:00 UTC"
RACES = "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, aliases: [bob]}]}]\n"


Put = tuple[str, date]
"""A row's post id and day."""


@dataclass
class Poll:
    """A topic with 40 posts and one published poll."""

    session: Session
    settings: Settings
    topic: Topic

    def run(self, job: Job = JOB, day: tuple[str, str] = DAY) -> int:
        return run(job, ["--topic", self.topic.topic, "--from", day[0], "--to", day[1]])

    def published(self) -> list[Any]:
        query = f"SELECT * FROM {self.settings.keyspace}.candidate_poll WHERE topic = %s AND race = 'r' AND period = %s"
        return [
            row
            for period in ("hour", "day", "window")
            for row in self.session.execute(query, (self.topic.topic, period))
        ]

    def checks(self) -> list[Any]:
        """Returns the checks of the newest run."""
        query = f"SELECT * FROM {self.settings.keyspace}.data_quality WHERE job = 'candidate_poll' AND topic = %s"
        rows = list(self.session.execute(query, (self.topic.topic,)))
        return [row for row in rows if row.run_id == rows[0].run_id]

    def put(self, post_id: str, day: date, **columns: Any) -> Put:
        """Writes a row that no worker would write; returns the arguments of `take_back`."""
        values: dict[str, Any] = {
            **{"topic": self.topic.topic, "day": day, "bucket": bucket_of(post_id, self.topic.buckets), "source": "x"},
            **{"post_id": post_id, "event_at": datetime(2016, 5, 1, 3, tzinfo=UTC), "author_id": "1"},
            **{"kind": "original", "folded": "ana", **columns},
        }
        given = {name: value for name, value in values.items() if value is not None}
        marks = ", ".join(["%s"] * len(given))
        self.session.execute(
            f"INSERT INTO {self.settings.keyspace}.posts ({', '.join(given)}) VALUES ({marks})", list(given.values())
        )
        return post_id, day

    def take_back(self, post_id: str, day: date) -> None:
        """Removes such a row."""
        key = (self.topic.topic, day, bucket_of(post_id, self.topic.buckets), "x", post_id)
        where = " AND ".join(f"{name} = %s" for name in POSTS.key)
        self.session.execute(f"DELETE FROM {self.settings.keyspace}.posts WHERE {where}", key)


@pytest.fixture(scope="module")
def poll(spark: SparkSession, session: Session, settings: Settings, client: RedisClient) -> Poll:
    topic, queue = make_topic(settings, RACES), PostsQueue(client, "test:quality")
    lines = [stream_line(tweet(str(i), text=["ana", "bob"][i % 2], author_id=str(i))) for i in range(1, 41)]
    load(lines, topic.topic, queue, session, settings)
    found = Poll(session, settings, topic)
    assert found.run() == 0
    return found


def null_key(poll: Poll) -> Put:
    return poll.put("900", date(2016, 5, 1), author_id=None)


def outside_its_day(poll: Poll) -> Put:
    return poll.put("900", date(2016, 5, 1), event_at=datetime(2019, 1, 1, tzinfo=UTC))


def no_date(poll: Poll) -> Put:
    return poll.put("900", date(2016, 5, 1), event_at=None)


def unknown_kind(poll: Poll) -> Put:
    return poll.put("900", date(2016, 5, 1), kind="shout")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (null_key, "posts: author_id is not null: 1 of 41 rows"),
        (outside_its_day, "posts: event_at falls on the day under which the post is stored: 1 of 41 rows"),
        (no_date, "posts: at least 99.9% of posts have event_at: 1 of 41 rows"),
        (unknown_kind, "posts: kind is one of original, retweet, reply, quote: 1 of 41 rows, such as ['shout']"),
    ],
)
def test_bad_posts_stop_the_job(
    poll: Poll, capsys: pytest.CaptureFixture[str], harm: Callable[[Poll], Put], says: str
) -> None:
    before = poll.published()
    post_id, stored_on = harm(poll)
    try:
        code = poll.run()
    finally:
        poll.take_back(post_id, stored_on)
    assert code == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith(f"error: a check failed: {says}")
    assert told.endswith("Nothing was published; data_quality has every check")
    assert poll.published() == before
    failed = [check for check in poll.checks() if not check.success]
    assert [(check.severity, check.target) for check in failed] == [("error", "posts")]


def harmed(of: Callable[[DataFrame], DataFrame]) -> Job:
    """Returns the job with a transform whose rows `of` has changed."""

    def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
        return {name: of(frame) for name, frame in JOB.transform(inputs, topic, window).items()}

    return replace(JOB, transform=transform)


def test_shares_that_cannot_sum_are_not_published(poll: Poll, capsys: pytest.CaptureFixture[str]) -> None:
    before = poll.published()
    halved = harmed(lambda rows: rows.withColumn("share_posts", F.col("share_posts") / 2))
    assert poll.run(halved) == 1
    assert "candidate_poll: the shares of a race and period sum to 1: 3 rows" in capsys.readouterr().err
    beyond = harmed(lambda rows: rows.withColumn("share_authors_high", F.lit(1.5)))
    assert poll.run(beyond) == 1
    assert (
        "candidate_poll: share_authors_high is 0 to 1: 6 of 6 rows, such as [1.5, 1.5, 1.5]" in capsys.readouterr().err
    )
    assert poll.published() == before


def test_every_check_of_a_run_is_kept_before_it_counts(poll: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    write, kept = JobRun.write, list[bool]()

    def noted(job_run: JobRun, status: str, **columns: Any) -> None:
        if status == "succeeded":
            kept.append(poll.checks()[0].run_id == job_run.run_id)
        write(job_run, status, **columns)

    monkeypatch.setattr(JobRun, "write", noted)
    assert poll.run() == 0
    assert kept == [True]
    checks = poll.checks()
    assert {check.target for check in checks} == {"posts", "candidate_poll"}
    assert all(check.success and check.observed == "" for check in checks)
    assert len(checks) > 20


def test_an_unusual_number_of_posts_is_a_warning_and_is_published(
    poll: Poll, capsys: pytest.CaptureFixture[str]
) -> None:
    tomorrow = (DAY[1], "2016-05-02T16:00Z")
    poll.put("901", date(2016, 5, 2), event_at=datetime(2016, 5, 2, 3, tzinfo=UTC))
    assert poll.run(day=tomorrow) == 0
    assert "warning: posts: post count is near 40, the mean of the week before: 1" in capsys.readouterr().out
    starts = {row.period_start.replace(tzinfo=UTC) for row in poll.published() if row.period == "day"}
    assert datetime(2016, 5, 1, 16, tzinfo=UTC) in starts
    assert [check.severity for check in poll.checks() if not check.success] == ["warning"]


def test_data_docs_are_built_on_demand(poll: Poll, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--topic", poll.topic.topic, "--from", DAY[0], "--to", DAY[1], "--docs"]
    assert run(JOB, arguments) == 0
    page = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("data docs: "))
    index = poll.settings.home / page.removeprefix("data docs: file://")
    assert index.is_file()
    assert index.is_relative_to(poll.settings.home / "quality")
    names = [f"candidate_poll, {poll.topic.topic}, {table}, {OF_DAY}" for table in ("posts", "candidate_poll")]
    pages = {name: page.read_text() for name in names for page in index.parent.glob(f"validations/{name}/**/*.html")}
    assert list(pages) == names
    assert all(name in index.read_text() for name in names)
    for check in poll.checks():
        says = check.expectation.removeprefix(f"{check.target}: ")
        assert says in pages[names[check.target == "candidate_poll"]]


def test_a_window_without_posts_has_all_its_checks(poll: Poll, capsys: pytest.CaptureFixture[str]) -> None:
    assert poll.run(day=("2015-04-30T16:00Z", "2015-05-01T16:00Z")) == 0
    assert "0 posts read, 0 rows published" in capsys.readouterr().out
    checks = poll.checks()
    assert {check.target for check in checks} == {"posts", "candidate_poll"}
    assert all(check.success and check.observed == "" for check in checks)
    assert len(checks) > 20
