"""A post that is stored under two days is a warning that names it, and counts once, under its earlier event time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from jobs.candidate_poll import JOB
from jobs.framework import counting, runner
from jobs.framework.columns import spark_schema
from jobs.framework.command import run, run_set
from jobs.framework.counted_once import counted_once
from jobs.hashtag_trends import JOB as TRENDS
from tests.conftest import make_topic
from tests.support.bluesky import event, tid
from tests.support.loading import load

MIDNIGHT = datetime(2016, 5, 1, 16, tzinfo=UTC)
"""In Manila."""
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
WINDOW = ("2016-04-30T16:00Z", "2016-05-02T16:00Z")
RACES = "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, aliases: [bob]}]}]\n"
POST = f"did:plc:ana/{tid(MIDNIGHT)}"


def seen(at: datetime, created: datetime | None = None) -> bytes:
    """Returns the event of one post, as a host saw it at `at`; its client set no time unless `created` is given."""
    record = {"text": "ana #tag", "tags": ["tag"], "createdAt": created.isoformat() if created else "yesterday"}
    return event(record, at, rkey=tid(MIDNIGHT))


@dataclass
class Poll:
    """A topic with stored posts, and what the jobs publish of it."""

    session: Session
    settings: Settings
    queue: PostsQueue
    topic: Topic

    def store(self, *lines: bytes) -> None:
        """Stores these posts, and one of somebody else on each of the two days."""
        times = (MIDNIGHT - DAY + 3 * SECOND, MIDNIGHT + 3 * SECOND)
        others = [event({"text": "bob"}, at, did="did:plc:ben") for at in times]
        load([*lines, *others], self.topic.topic, self.queue, self.session, self.settings)

    @property
    def arguments(self) -> list[str]:
        return ["--topic", self.topic.topic, "--from", WINDOW[0], "--to", WINDOW[1]]

    def rows(self, table: str, where: str) -> list[Any]:
        query = f"SELECT * FROM {self.settings.keyspace}.{table} WHERE topic = %s AND {where}"
        return list(self.session.execute(query, (self.topic.topic,)))

    def posts(self, period: str) -> dict[tuple[datetime, str], int]:
        """Returns the number of posts by start of the period and candidate; candidates without any are left out."""
        rows = self.rows("candidate_poll", f"race = 'r' AND period = '{period}'")
        return {(row.period_start.replace(tzinfo=UTC), row.candidate): row.posts for row in rows if row.posts}


@pytest.fixture
def poll(session: Session, settings: Settings, queue: PostsQueue) -> Poll:
    return Poll(session, settings, queue, make_topic(settings, RACES))


def test_two_hosts_that_saw_a_post_around_midnight_store_one_row_if_its_client_was_earlier(poll: Poll) -> None:
    created = MIDNIGHT - SECOND
    poll.store(seen(MIDNIGHT - SECOND / 2, created), seen(MIDNIGHT + SECOND, created))
    rows = [row for day in ("2016-05-01", "2016-05-02") for row in poll.rows("posts", f"day = '{day}' ALLOW FILTERING")]
    [row] = [row for row in rows if row.post_id == POST]
    assert (str(row.day), row.event_at.replace(tzinfo=UTC)) == ("2016-05-01", created)


@pytest.mark.parametrize("few", [counting.FEW_ROWS, 0])
def test_a_post_under_two_days_counts_once_under_the_earlier(
    spark: SparkSession, poll: Poll, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(runner, "FEW_ROWS", few)  # the checks run beside the transform, or before it
    poll.store(seen(MIDNIGHT + SECOND), seen(MIDNIGHT - SECOND))
    assert run(JOB, poll.arguments) == 0
    told = capsys.readouterr().out
    assert "warning: posts: a post is stored under one day only: 1 rows, such as [{'source': 'bluesky'" in told
    assert POST in told
    assert ": 3 posts read" in told
    assert poll.posts("day") == {(MIDNIGHT - DAY, "a"): 1, (MIDNIGHT - DAY, "b"): 1, (MIDNIGHT, "b"): 1}
    assert poll.posts("window") == {(MIDNIGHT - DAY, "a"): 1, (MIDNIGHT - DAY, "b"): 2}


def test_jobs_that_share_posts_all_count_it_once(spark: SparkSession, poll: Poll) -> None:
    poll.store(seen(MIDNIGHT + SECOND), seen(MIDNIGHT - SECOND))
    assert run_set("daily", [JOB, TRENDS], poll.arguments) == 0
    assert poll.posts("window")[MIDNIGHT - DAY, "a"] == 1
    assert [row.posts for row in poll.rows("hashtag_trends", "period = 'window'")] == [1]


def test_the_earliest_copy_is_kept_and_one_without_a_time_only_if_it_is_alone(spark: SparkSession) -> None:
    columns = ("source", "post_id", "day", "event_at")
    days = [MIDNIGHT.date() + n * DAY for n in range(3)]
    rows: list[tuple[Any, ...]] = [
        ("x", "1", days[1], MIDNIGHT + SECOND),
        ("x", "1", days[0], MIDNIGHT),
        ("x", "1", days[2], None),
        ("bluesky", "1", days[2], None),
        ("x", "2", days[1], MIDNIGHT),
    ]
    kept = counted_once(spark.createDataFrame(rows, spark_schema(POSTS, columns)))
    found = {(row.source, row.post_id, row.day) for row in kept.collect()}
    kept.unpersist()
    assert found == {("x", "1", days[0]), ("bluesky", "1", days[2]), ("x", "2", days[1])}
