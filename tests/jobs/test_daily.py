"""A set of jobs: the same results as by one job after the other, one read of the posts, and what happens on failure."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.errors import PulsoError
from conf.settings import Settings
from conf.tables import (
    AUTHOR_ACTIVITY,
    CANDIDATE_POLL,
    CASCADES,
    CONVERSATIONS,
    GRAPH_SUMMARY,
    HASHTAG_TRENDS,
    TEXT_FAMILIES,
    TOP_ITEMS,
    TOPIC_VOLUME,
)
from conf.topic import Topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from jobs import candidate_poll, daily
from jobs.framework import inputs
from jobs.framework.command import run, run_set
from jobs.framework.inputs import Place
from jobs.framework.job import Frames, Inputs, Job, by_name
from jobs.framework.published import Published
from jobs.framework.window import Window
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.results import results_of, same

RACES = """races:
  - id: r
    candidates: [{id: a, name: A, aliases: [duterte, du30]}, {id: b, name: B, aliases: [roxas, mar]}]
    outcome: {a: 0.6, b: 0.4}
"""
DAY = ("--from", "2016-05-07T16:00Z", "--to", "2016-05-08T16:00Z")
SMALL = (
    *(CANDIDATE_POLL, HASHTAG_TRENDS, CASCADES, CONVERSATIONS, TEXT_FAMILIES, GRAPH_SUMMARY, TOPIC_VOLUME, TOP_ITEMS),
)


@pytest.fixture(scope="module")
def loaded(settings: Settings, session: Session, client: Any) -> Topic:
    topic = make_topic(settings, RACES)
    lines = [line for chunk in generate(topic, 3000, 7) for line in chunk.splitlines()]
    for place in [i for i, line in enumerate(lines) if b'"referenced_tweets"' not in line][-3:]:
        post = orjson.loads(lines[place])
        post["data"] |= {"text": "Duterte and Roxas meet for one last debate tonight", "entities": {}}
        lines[place] = orjson.dumps(post)  # several accounts post the same text, so that there is a family
    load(lines, topic.topic, PostsQueue(client, "t:daily"), session, settings)
    return topic


@pytest.mark.usefixtures("spark")
def test_a_set_gives_what_its_jobs_give_alone(
    loaded: Topic,
    settings: Settings,
    session: Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for job in daily.JOBS:
        assert run(job, ["--topic", loaded.topic, *DAY]) == 0
    alone = results_of(session, settings.keyspace, loaded.topic, SMALL)
    assert all(alone.values())
    for row in alone[CANDIDATE_POLL.name]:  # coordination has run before, and found no groups
        assert row["share_authors_no_groups"] == row["share_authors"]
    capsys.readouterr()
    spans = list[Window]()
    read_posts = inputs.read_posts

    def seen(at: Place, span: Window, columns: Sequence[str]) -> inputs.PostsRead:
        spans.append(span)
        return read_posts(at, span, columns)

    monkeypatch.setattr(inputs, "read_posts", seen)

    assert run_set("daily", daily.JOBS, ["--topic", loaded.topic, *DAY]) == 0

    assert [len(span.days()) for span in spans] == [8]  # once, with the days before it that trends look back on
    told = capsys.readouterr().out
    posts = set(re.findall(r"^(\w+) .*: ([\d,]+) posts read", told, re.MULTILINE))
    assert [name for name, _ in sorted(posts)] == sorted(job.name for job in daily.JOBS)
    assert len({count for _, count in posts}) == 1
    same(alone, results_of(session, settings.keyspace, loaded.topic, SMALL))
    for job in daily.JOBS:
        statuses = session.execute(
            f"SELECT status FROM {settings.keyspace}.job_runs WHERE job = %s AND topic = %s", [job.name, loaded.topic]
        )
        assert [row.status for row in statuses] == ["succeeded", "succeeded"]


def _job(name: str, transform: Callable[[Inputs, Topic, Window], Frames], *needs: Published) -> Job:
    return Job(name, (candidate_poll.JOB.inputs[0], *needs), (), transform, by_name("test/1"))


def _fails(*_: object) -> Frames:
    raise PulsoError("it broke", "Mend it")


def _works(*_: object) -> Frames:
    return {}


@pytest.mark.usefixtures("spark")
def test_named_jobs_that_do_not_fit_are_wrong_use_unless_they_may_be_left_out(
    settings: Settings, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    without_races = make_topic(settings, "races: []\n")
    asked = ["--topic", without_races.topic, *DAY, "--jobs", "candidate_poll"]
    assert run_set("daily", daily.JOBS, asked) == 2
    assert run_set("daily", daily.JOBS, [*asked, "--fitting"]) == 0
    assert "candidate_poll left out: " in capsys.readouterr().out


@pytest.mark.usefixtures("spark")
def test_one_that_fails_stops_only_those_that_need_it(loaded: Topic, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = (
        _job("author_activity", _fails),
        _job("needs_it", _works, Published(AUTHOR_ACTIVITY, ["author"])),
        _job("can_do_without", _works, Published(AUTHOR_ACTIVITY, ["author"], optional=True)),
        _job("another", _works),
    )
    assert run_set("daily", jobs, ["--topic", loaded.topic, *DAY]) == 1
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        "error: author_activity: it broke. Mend it",
        "error: needs_it: not run, since it needs author_activity, which failed",
        "error: 2 of 4 jobs failed: author_activity, needs_it",
    ]
    assert [line.split()[0] for line in told.out.splitlines() if "posts read" in line] == ["can_do_without", "another"]


@pytest.mark.usefixtures("spark")
def test_a_user_who_stops_a_set_stops_all_of_it(loaded: Topic, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(*_: object) -> Frames:
        raise KeyboardInterrupt

    assert run_set("daily", (_job("one", stopped), _job("two", _works)), ["--topic", loaded.topic, *DAY]) == 130
    assert "two" not in capsys.readouterr().out


@pytest.mark.usefixtures("spark")
def test_jobs_that_do_not_fit_the_topic_are_left_out(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    topic = make_topic(settings, "races: []\n")
    chosen = tuple(job for job in daily.JOBS if job.name in ("candidate_poll", "cascades", "poll_backtest"))
    assert run_set("daily", chosen, ["--topic", topic.topic, *DAY]) == 0
    told = capsys.readouterr().out.splitlines()
    assert f"candidate_poll left out: topic {topic.topic} has no races" in told
    assert f"poll_backtest left out: topic {topic.topic} has no race with an outcome" in told
    assert run_set("daily", chosen, ["--topic", topic.topic, *DAY, "--jobs", "cascades,candidate_poll"]) == 2
    assert "has no races. Add races" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("jobs", "error"),
    [
        ("candidate_pol", "--jobs: no job 'candidate_pol'. Did you mean candidate_poll?"),
        (",", "--jobs names no job. Jobs: author_activity"),
    ],
)
def test_a_wrong_name_is_wrong_use(
    settings: Settings, capsys: pytest.CaptureFixture[str], jobs: str, error: str
) -> None:
    assert run_set("daily", daily.JOBS, ["--topic", "ph2016", *DAY, "--jobs", jobs]) == 2
    assert error in capsys.readouterr().err


def test_activity_comes_before_the_polls_that_use_it(spark: SparkSession) -> None:
    names = [job.name for job in daily.JOBS]
    for job in daily.JOBS:
        for given in job.inputs:
            if given.table.job:
                assert names.index(given.table.job) < names.index(job.name)
