"""A result says what shaped it: method, runs read, version. Later runs replace earlier ones, whatever clocks say."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

import conf.race
from conf import VERSION
from conf.errors import PulsoError
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, CANDIDATE_POLL, run_list
from conf.topic import Topic, load_topic
from ingest.queue.posts_queue import PostsQueue
from jobs import author_activity, candidate_poll, poll_backtest
from jobs.framework.inputs import Place
from jobs.framework.job import Inputs, Job
from jobs.framework.published import Published
from jobs.framework.runner import run_job
from jobs.framework.unswept import Unswept, UnsweptList, this_process
from jobs.framework.window import Window, parse_window
from jobs.measures import votes
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.posts import stream_line, tweet

DAY = ("2016-04-30T16:00Z", "2016-05-01T16:00Z")
RACE = "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, aliases: [bob]}]}]\n"


@dataclass
class Poll:
    """A topic with two posts, and its jobs."""

    spark: SparkSession
    session: Session
    settings: Settings
    topic: Topic

    def run(self, job: Job, now: datetime | None = None) -> Any:
        """Runs a job over the day; returns its job_runs row."""
        clock = {"now": lambda: now} if now else {}
        window = parse_window(*DAY, self.topic.zone)
        result = run_job(job, self.spark, self.session, self.settings, self.topic, window, **clock)  # type: ignore[arg-type]
        query = f"SELECT * FROM {self.settings.keyspace}.job_runs WHERE job = %s AND topic = %s"
        rows = self.session.execute(query, (job.name, self.topic.topic))
        return next(row for row in rows if row.run_id == result.run_id)

    def rows(self) -> list[Any]:
        query = (
            f"SELECT * FROM {self.settings.keyspace}.candidate_poll WHERE topic = %s AND race = 'r' AND period = 'day'"
        )
        return list(self.session.execute(query, (self.topic.topic,)))

    def write(self, changes: str = "", races: str = RACE) -> None:
        """Writes the topic file again, with changes."""
        file = self.settings.topics_dir / f"{self.topic.topic}.yaml"
        file.write_text(f"topic: {self.topic.topic}\ntimezone: Asia/Manila\nbuckets: 4\n{changes}{races}")
        self.topic = load_topic(self.topic.topic, self.settings.topics_dir)


@pytest.fixture
def poll(spark: SparkSession, session: Session, settings: Settings, client: RedisClient) -> Poll:
    topic = make_topic(settings, RACE)
    lines = [stream_line(tweet(str(i), text=text, author_id=str(i))) for i, text in enumerate(("ana", "bob"), 1)]
    load(lines, topic.topic, PostsQueue(client, "test:provenance"), session, settings)
    return Poll(spark, session, settings, topic)


def method_of(poll: Poll) -> str:
    """Returns the method that a poll has which leaves out the authors whom the topic's thresholds flag."""
    name = AUTHOR_ACTIVITY.name
    flagged = author_activity.JOB.methods(poll.topic, Inputs({}))[""]
    read = Inputs({name: poll.spark.createDataFrame([], "author string")}, {name: flagged})
    return f"r:{candidate_poll.JOB.methods(poll.topic, read)['r']}"


def test_a_run_names_its_version_the_runs_that_it_read_and_the_thresholds_of_their_time(poll: Poll) -> None:
    alone = poll.run(candidate_poll.JOB)
    assert (alone.inputs or {}, alone.version) == ({}, VERSION)
    assert alone.method == f"r:{poll.topic.races[0].method}"
    activity = poll.run(author_activity.JOB)
    with_bots = poll.run(candidate_poll.JOB)
    assert dict(with_bots.inputs) == {"author_activity": activity.run_id}
    assert with_bots.method == method_of(poll) != alone.method
    assert {f"r:{row.method}" for row in poll.rows()} == {with_bots.method}
    poll.write("bots: {retweet_share: {share: 0.9}}\n")
    assert poll.run(candidate_poll.JOB).method == with_bots.method  # the flags are still the old ones
    poll.run(author_activity.JOB)
    assert poll.run(candidate_poll.JOB).method == method_of(poll) != with_bots.method


def test_the_method_changes_with_a_threshold_an_alias_or_the_folding_and_only_then(
    poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = method_of(poll)
    poll.write("title: Another title\ncollect: {keywords: [ana]}\n")
    assert method_of(poll) == first
    poll.write("bots: {retweet_share: {share: 0.9}}\n")
    threshold = method_of(poll)
    poll.write("bots: {flag_at: 0.6}\n")
    flag_at = method_of(poll)
    poll.write(races=RACE.replace("[ana]", "[ana, anna]"))
    alias = method_of(poll)
    poll.write()
    with monkeypatch.context() as patch:
        patch.setattr(conf.race, "FOLDING", "another")
        folding = method_of(poll)
    assert len({first, threshold, flag_at, alias, folding}) == 5
    assert method_of(poll) == first


def test_without_author_activity_no_threshold_shapes_the_poll(poll: Poll) -> None:
    changed = poll.topic.model_copy(update={"bots": poll.topic.bots.model_copy(update={"flag_at": 0.9})})
    assert votes.methods(changed, Inputs({})) == votes.methods(poll.topic, Inputs({}))


def test_a_run_whose_clock_is_a_day_fast_does_not_hide_the_next(poll: Poll) -> None:
    now = datetime.now(UTC)
    fast = poll.run(candidate_poll.JOB, now + timedelta(days=1))
    assert {row.run_id for row in poll.rows()} == {fast.run_id}
    right = poll.run(candidate_poll.JOB, now)
    assert right.status == "succeeded"
    assert {row.run_id for row in poll.rows()} == {right.run_id}
    assert right.started_at > fast.started_at
    fast = poll.run(author_activity.JOB, now + timedelta(days=1))
    right = poll.run(author_activity.JOB, now)
    assert dict(poll.run(candidate_poll.JOB).inputs) == {"author_activity": right.run_id}


def test_every_row_of_another_writer_from_the_future_is_told_and_not_called_a_success(poll: Poll) -> None:
    poll.run(candidate_poll.JOB)
    future = int((datetime.now(UTC) + timedelta(days=2)).timestamp() * 1e6)
    poll.session.execute(
        f"DELETE FROM {poll.settings.keyspace}.candidate_poll USING TIMESTAMP {future} "
        "WHERE topic = %s AND race = 'r' AND period = 'day'",
        (poll.topic.topic,),
    )
    with pytest.raises(Exception, match="candidate_poll does not hold what was published: 0 rows read back of 2"):
        poll.run(candidate_poll.JOB)


def test_a_backtest_reads_no_run_that_knows_what_came_after_its_window(poll: Poll) -> None:
    at = Place(poll.spark, poll.session, poll.settings, poll.topic, parse_window(*DAY, poll.topic.zone))
    earlier = replace(at, window=Window(at.window.start, at.window.end - timedelta(hours=6), poll.topic.zone))
    poll.run(author_activity.JOB)
    poll.run(candidate_poll.JOB)
    for wanted in (
        Published(AUTHOR_ACTIVITY, ["author"], optional=True),
        Published(CANDIDATE_POLL, ["candidate"], True),
    ):
        strict = replace(wanted, ends_with_window=True)
        assert wanted.read(earlier)
        assert strict.read(at)
        assert strict.read(earlier) is None
    assert [given.ends_with_window for given in poll_backtest.JOB.inputs[1:]] == [True, True]  # type: ignore[attr-defined]


def test_a_small_table_is_read_by_run_and_not_before_that_run_has_ended(poll: Poll) -> None:
    at = Place(poll.spark, poll.session, poll.settings, poll.topic, parse_window(*DAY, poll.topic.zone))
    waits: list[float] = []
    wanted = Published(CANDIDATE_POLL, ["candidate", "share_authors", "period_start", "run_id"], wait=waits.append)
    with pytest.raises(PulsoError, match="no run of candidate_poll covers this window"):
        wanted.read(at)
    assert replace(wanted, optional=True).read(at) is None
    run = poll.run(candidate_poll.JOB)
    read = wanted.read(at)
    assert read is not None
    rows = {row.candidate: row for row in read.frame.collect()}
    assert {name: row.share_authors for name, row in rows.items()} == {"a": 0.5, "b": 0.5}
    assert {row.run_id for row in rows.values()} == {str(run.run_id)}
    assert (read.run_id, read.method) == (run.run_id, run.method)
    assert waits == []
    table = f"{poll.settings.keyspace}.job_runs"
    update = f"UPDATE {table} SET status = 'running' WHERE job = %s AND topic = %s AND started_at = %s"
    poll.session.execute(update, (candidate_poll.JOB.name, poll.topic.topic, run.started_at))
    with pytest.raises(PulsoError, match="a run of candidate_poll that has not ended"):
        wanted.read(at)
    assert waits == []  # its process has ended, so nobody waits for it
    listed = UnsweptList(poll.session, poll.settings.keyspace, run_list(candidate_poll.JOB.name), poll.topic)
    entry = Unswept(run.run_id, at.window, run.started_at.replace(tzinfo=UTC), this_process(), alive=True)
    listed.add(entry)
    with pytest.raises(PulsoError, match="a run of candidate_poll that has not ended"):
        wanted.read(at)
    assert waits == [1.0] * 4
    listed.drop(entry)
