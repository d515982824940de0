"""Runs every job on real captures of X, as a person does: on the first capture, or on all with --all-captures.

test_network_graph.py compares the graphs of the first capture with NetworkX. So network_graph runs here only with
--all-captures.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from jobs import candidate_hashtags, cascades, network_graph, text_families
from jobs.daily import JOBS
from jobs.framework.command import run
from jobs.framework.job import Job
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.stored import stored

CAPTURES = ("x_v2/brexit.jsonl", "x_v2/streaming_output.jsonl", "x_v11/100-sample.jsonl")
RACES = (
    "races: [{id: r, candidates: [{id: a, name: A, aliases: [the, a, de, brexit]}, "
    "{id: b, name: B, aliases: [i, you, la, boris]}], outcome: {a: 0.6, b: 0.4}}]\n"
)


@dataclass
class Loaded:
    """A capture's topic, the number of its posts, and a window around them."""

    topic: Topic
    posts: int
    retweets: bool
    start: datetime
    end: datetime


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Chooses the captures and jobs: all of them with --all-captures."""
    everything = metafunc.config.getoption("--all-captures")
    jobs = [job for job in JOBS if everything or job is not network_graph.JOB]
    metafunc.parametrize("loaded", CAPTURES if everything else CAPTURES[:1], indirect=True, scope="module")
    metafunc.parametrize("job", jobs, ids=[job.name for job in jobs])


@pytest.fixture(scope="module")
def loaded(
    request: pytest.FixtureRequest, captures: Path, settings: Settings, session: Session, client: RedisClient
) -> Loaded:
    topic = make_topic(settings, RACES)
    lines = (captures / request.param).read_bytes().splitlines()
    load(
        [line for line in lines if b'"errors"' not in line[:12]],
        topic.topic,
        PostsQueue(client, "t:real"),
        session,
        settings,
    )
    posts = stored(session, settings.keyspace, topic.topic)
    times = [row.event_at.replace(tzinfo=UTC) for row in posts.values()]
    start = min(times).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    retweets = any(row.kind == "retweet" for row in posts.values())
    return Loaded(
        topic, len(posts), retweets, start, max(times).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    )


def test_a_real_capture_goes_through_every_job(
    loaded: Loaded, job: Job, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--topic", loaded.topic.topic, "--from", loaded.start.isoformat(), "--to", loaded.end.isoformat()]
    code = run(job, arguments)
    told = capsys.readouterr()
    assert code == 0, told.err
    assert f"{loaded.posts:,} posts read, " in told.out
    # These need five authors of one hashtag, or two of one text, which so few posts seldom have; or a retweet.
    may_give_nothing = job in (candidate_hashtags.JOB, text_families.JOB) or (
        job is cascades.JOB and not loaded.retweets
    )
    if not may_give_nothing:
        assert ", 0 rows published" not in told.out
