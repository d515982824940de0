"""A set of jobs: the same results as by one job after the other, one read of the posts, and what happens on failure."""

import re
from collections.abc import Callable

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
from jobs import candidate_poll, daily
from jobs.framework.command import run, run_set
from jobs.framework.job import Frames, Inputs, Job, by_name
from jobs.framework.published import Published
from jobs.framework.window import Window
from jobs.measures.mentions import masks_of
from tests.conftest import make_topic
from tests.support.counted_day import DAY, CountedDay
from tests.support.results import results_of, same

SMALL = (
    *(CANDIDATE_POLL, HASHTAG_TRENDS, CASCADES, CONVERSATIONS, TEXT_FAMILIES, GRAPH_SUMMARY, TOPIC_VOLUME, TOP_ITEMS),
)


@pytest.fixture
def loaded(counted_day: CountedDay) -> Topic:
    return counted_day.topic


def test_a_set_gives_what_its_jobs_give_alone(counted_day: CountedDay, settings: Settings, session: Session) -> None:
    topic = counted_day.topic.topic
    together = results_of(session, settings.keyspace, topic, SMALL)
    assert all(together.values())
    for row in together[CANDIDATE_POLL.name]:  # coordination has run before, and found no groups
        assert row["share_authors_no_groups"] == row["share_authors"]
    assert [len(span.days()) for span in counted_day.spans] == [8]  # once, with the days that trends look back on
    assert counted_day.computed == [set(masks_of(counted_day.topic))]  # candidates are found once, for all jobs
    posts = set(re.findall(r"^(\w+) .*: ([\d,]+) posts read", counted_day.told, re.MULTILINE))
    assert [name for name, _ in sorted(posts)] == sorted(job.name for job in daily.JOBS)
    assert len({count for _, count in posts}) == 1
    for job in daily.JOBS:
        assert run(job, ["--topic", topic, *DAY]) == 0
    same(together, results_of(session, settings.keyspace, topic, SMALL))
    for job in daily.JOBS:
        statuses = session.execute(
            f"SELECT status FROM {settings.keyspace}.job_runs WHERE job = %s AND topic = %s", [job.name, topic]
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
