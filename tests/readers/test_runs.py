"""`python -m readers runs`: which runs there were, and from which a figure came."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session

from conf import VERSION
from conf.errors import WrongUse
from conf.settings import Settings
from conf.topic import Topic
from jobs.framework.runs import JobRun
from jobs.framework.window import Window
from readers.cli import main
from readers.runs.runs import find_run, shortened

START = datetime(2016, 5, 1, tzinfo=UTC)


@dataclass
class Runs:
    """An activity run, and a poll that read it; then a poll that failed."""

    topic: Topic
    activity: uuid.UUID
    poll: uuid.UUID
    failed: uuid.UUID


@pytest.fixture
def runs(session: Session, settings: Settings, topic: Topic) -> Runs:
    window = Window(START, START + timedelta(days=1), topic.zone)

    def run(job: str, hour: int) -> JobRun:
        return JobRun(session, settings.keyspace, job, topic, window, START + timedelta(hours=hour))

    activity, poll, failed = run("author_activity", 1), run("candidate_poll", 2), run("candidate_poll", 3)
    activity.shaped_by({"": "abc"}, {})
    activity.write("succeeded", rows_read=1234, rows_written=56, seconds=7.5)
    poll.shaped_by({"president": "def", "vice": "012"}, {"author_activity": activity.run_id})
    poll.write("succeeded", rows_read=1234, rows_written=11, seconds=8.0)
    failed.write("failed", seconds=1.0, error="PulsoError: no luck")
    return Runs(topic, activity.run_id, poll.run_id, failed.run_id)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], runs: Runs) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        assert main(["runs", "--topic", runs.topic.topic, *arguments]) == 0
        return capsys.readouterr().out

    return call


def test_runs_stand_newest_first_with_what_they_read(runs: Runs, told: Callable[..., str]) -> None:
    lines = [line for line in told().splitlines() if "2016-05-01" in line]
    assert [line.split()[:3] for line in lines] == [
        [str(runs.failed)[:8], "candidate_poll", "failed"],
        [str(runs.poll)[:8], "candidate_poll", "succeeded"],
        [str(runs.activity)[:8], "author_activity", "succeeded"],
    ]
    assert f"author_activity@{str(runs.activity)[:8]}" in lines[1]
    assert "2016-05-01 10:00" in lines[1]  # Manila's time
    assert "1,234" in lines[1]
    assert "PulsoError: no luck" in told()


def test_one_run_is_shown_with_the_runs_below_it(runs: Runs, told: Callable[..., str]) -> None:
    out = told("--run", str(runs.poll)[:8])
    assert f"candidate_poll {runs.poll}: succeeded" in out
    assert "method: president:def vice:012" in out
    assert f"version: {VERSION}" in out
    assert out.index("read author_activity of") < out.index(f"author_activity {runs.activity}: succeeded")
    assert str(runs.failed) not in out


def test_runs_as_json_hold_every_column(runs: Runs, told: Callable[..., str]) -> None:
    rows = json.loads(told("--job", "candidate_poll", "--format", "json"))
    assert [row["run_id"] for row in rows] == [str(runs.failed), str(runs.poll)]
    assert rows[1]["inputs"] == f"author_activity={runs.activity}"
    assert rows[1]["window_end"] == "2016-05-02T00:00:00.000Z"
    assert rows[0]["rows_read"] is None
    assert len(json.loads(told("--limit", "1", "--format", "json"))) == 1


def test_a_running_run_without_a_sign_of_life_says_so(
    session: Session, settings: Settings, runs: Runs, told: Callable[..., str]
) -> None:
    window = Window(START, START + timedelta(days=1), runs.topic.zone)
    going, gone = (
        JobRun(session, settings.keyspace, "cascades", runs.topic, window, START + timedelta(hours=hour))
        for hour in (4, 5)
    )
    gone.write("running")  # its process died, so nothing renews its sign of life
    with going.going_on():
        going.write("running")
        lines = told("--job", "cascades").splitlines()
        [said] = [line for line in lines if "no sign of life" in line]
        assert said.startswith(f"{str(gone.run_id)[:8]} cascades: ")
        assert [line.split()[2] for line in lines if "2016-05-01" in line] == ["running?", "running"]
        assert "no sign of life" in told("--run", str(gone.run_id)[:8])
        assert "no sign of life" not in told("--run", str(going.run_id)[:8])
        going.write("succeeded")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--run", "zzz"], "no run 'zzz'"),
        (["--job", "candidate_pol"], "no run of 'candidate_pol'"),
        (["--job", "candidate_poll", "--run", "a"], "--run names one run"),
    ],
)
def test_wrong_use_is_one_line(runs: Runs, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert main(["runs", "--topic", runs.topic.topic, *arguments]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_a_topic_without_runs_says_so(topic: Topic, capsys: pytest.CaptureFixture[str], session: Session) -> None:
    assert main(["runs", "--topic", topic.topic]) == 0
    assert f"no job has run over {topic.topic}" in capsys.readouterr().out


def test_a_beginning_that_several_ids_share_is_refused_and_the_ids_named(
    runs: Runs, session: Session, settings: Settings
) -> None:
    with pytest.raises(
        WrongUse, match=rf"3 runs begin with ''\. Give more of the id: .*{runs.poll} \(candidate_poll\)"
    ):
        find_run(session, settings.keyspace, runs.topic, "")


def test_runs_of_one_moment_are_told_apart(
    runs: Runs, session: Session, settings: Settings, told: Callable[..., str]
) -> None:
    """Two jobs that start within the same millisecond."""
    window, at = Window(START, START + timedelta(days=1), runs.topic.zone), START + timedelta(hours=9)
    both = [JobRun(session, settings.keyspace, job, runs.topic, window, at) for job in ("cascades", "shared_items")]
    for run in both:
        run.write("succeeded")
    short = shortened([*(run.run_id for run in both), runs.poll])
    first, second = (short[str(run.run_id)] for run in both)
    assert first[:8] == second[:8]
    assert not second.startswith(first)
    assert not first.startswith(second)
    assert short[str(runs.poll)] == str(runs.poll)[:8]
    shown = {line.split()[0] for line in told().splitlines() if "2016-05-01" in line}
    assert {first, second} <= shown
    assert f"cascades {both[0].run_id}" in told("--run", first)
