"""A run's row in job_runs: it says how the run ended, even if the run could not say it itself."""

import uuid
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.settings import Settings
from conf.tables import run_list
from conf.topic import Topic
from jobs.candidate_poll import JOB as POLL
from jobs.framework import runs
from jobs.framework.order import take_place
from jobs.framework.runner import _first, run_job
from jobs.framework.runs import JobRun
from jobs.framework.unswept import Unswept, UnsweptList, this_process
from jobs.framework.window import Window
from stores.execute import execute_all

NOW = datetime(2016, 5, 1, 12, tzinfo=UTC)


class Killed(BaseException):
    """Stands for a kill: nothing after it is done."""


class Jobs:
    """Runs of one job over a topic that only this test uses."""

    def __init__(self, session: Session, settings: Settings, topic: Topic) -> None:
        self.session, self.settings, self.topic = session, settings, topic
        self.job = f"j{uuid.uuid4().hex}"

    def run(self) -> JobRun:
        place = take_place(self.session, self.settings.keyspace, self.job, self.topic.topic, NOW)
        window = Window(NOW, NOW + timedelta(hours=1), self.topic.zone)
        return JobRun(self.session, self.settings.keyspace, self.job, self.topic, window, place)

    def told(self) -> list[tuple[str, str | None]]:
        """Returns status and error of each run, oldest first."""
        query = f"SELECT status, error FROM {self.settings.keyspace}.job_runs WHERE job = %s AND topic = %s"
        rows = list(self.session.execute(query, (self.job, self.topic.topic)))
        return [(row.status, row.error) for row in reversed(rows)]

    def going_on(self) -> list[Unswept]:
        return UnsweptList(self.session, self.settings.keyspace, run_list(self.job), self.topic).read()


@pytest.fixture
def jobs(session: Session, settings: Settings, topic: Topic) -> Jobs:
    return Jobs(session, settings, topic)


def killed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch, process: str) -> JobRun:
    with monkeypatch.context() as patch:
        patch.setattr(runs, "this_process", lambda: process)
        run = jobs.run()
    run.write("running")
    with pytest.raises(Killed), run.going_on():
        raise Killed
    return run


GONE = " ".join([*this_process().split(" ")[:2], "0"])
FAILED: Any = ("failed", "the run ended without a report (killed?)")


def test_the_next_run_says_that_a_run_was_killed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    killed(jobs, monkeypatch, GONE)
    assert jobs.told() == [("running", None)]
    run = jobs.run()
    with run.going_on():
        run.write("running")
        assert jobs.told() == [FAILED, ("running", None)]
        assert [entry.run_id for entry in jobs.going_on()] == [run.run_id]
        run.write("succeeded")
    assert jobs.told() == [FAILED, ("succeeded", None)]
    assert jobs.going_on() == []


def test_a_run_that_goes_on_elsewhere_is_left_alone(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    other = killed(jobs, monkeypatch, "elsewhere 1 1")  # its sign of life has not expired yet
    run = jobs.run()
    with run.going_on():
        run.write("succeeded")
    assert jobs.told() == [("running", None), ("succeeded", None)]
    assert [entry.run_id for entry in jobs.going_on()] == [other.run_id]


def test_a_run_that_was_only_paused_tells_its_own_end(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    paused = killed(jobs, monkeypatch, GONE)
    run = jobs.run()
    with run.going_on():
        run.write("succeeded")
    paused.write("succeeded", rows_read=3)
    assert jobs.told() == [("succeeded", None), ("succeeded", None)]


def test_a_run_that_failed_says_why(jobs: Jobs) -> None:
    run = jobs.run()
    with run.going_on():
        run.write("failed", error="no")
    assert jobs.told() == [("failed", "no")]
    assert jobs.going_on() == []


def test_a_stop_while_the_start_is_being_recorded_is_recorded(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*written: Any) -> None:
        monkeypatch.undo()
        execute_all(*written)
        raise KeyboardInterrupt  # the row says `running`, and Python has not gone on yet

    monkeypatch.setattr(runs, "execute_all", stopped)
    job, window, no_spark = (
        replace(POLL, name=jobs.job),
        Window(NOW, NOW + timedelta(hours=1), jobs.topic.zone),
        cast(Any, None),
    )
    with pytest.raises(KeyboardInterrupt):
        run_job(job, no_spark, jobs.session, jobs.settings, jobs.topic, window)
    assert jobs.told() == [("failed", "stopped")]
    assert jobs.going_on() == []


def test_a_run_whose_end_was_recorded_stays_as_it_is(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(runs, "this_process", lambda: GONE)
        run = jobs.run()
    with monkeypatch.context() as patch:
        patch.setattr(UnsweptList, "drop", lambda *_: None)  # it is killed before
        with run.going_on():
            run.write("succeeded")
    assert len(jobs.going_on()) == 1
    following = jobs.run()
    with following.going_on():
        following.write("failed", error="no")
    assert jobs.told() == [("succeeded", None), ("failed", "no")]
    assert jobs.going_on() == []


def test_what_is_wrong_with_the_inputs_counts_before_an_error_of_the_transform() -> None:
    good, bad = Future[None](), Future[None]()
    good.set_result(None)
    bad.set_exception(PulsoError("a check failed"))
    with pytest.raises(PulsoError, match="a check failed"), _first(bad):
        raise ZeroDivisionError
    with pytest.raises(PulsoError, match="a check failed"), _first(bad):
        pass
    with pytest.raises(KeyboardInterrupt), _first(bad):
        raise KeyboardInterrupt  # it may be what has ended the check
    with pytest.raises(ZeroDivisionError), _first(good):
        raise ZeroDivisionError
