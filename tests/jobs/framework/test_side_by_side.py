"""Jobs of a set run two at once, after those that they read, and are told in their order."""

import threading
import uuid

import pytest

from conf.errors import PulsoError
from conf.tables import AUTHOR_ACTIVITY, CANDIDATE_POLL
from jobs.framework.job import Job, JobResult, by_name
from jobs.framework.published import Published
from jobs.framework.side_by_side import AT_ONCE, Outcome, run_all

SECONDS = 30.0


def named(name: str, *needs: Published) -> Job:
    return Job(name, needs, (), lambda *_: {}, by_name("test/1"))


def result(posts: int = 10, held: int = 0) -> JobResult:
    return JobResult(uuid.uuid4(), posts, 0, 0.0, posts_held=held or posts)


ACTIVITY, POLL, OTHER = named("author_activity"), named("candidate_poll"), named("other")
NEEDS_POLL = named("backtest", Published(CANDIDATE_POLL, ["race"]))


class Told:
    """What was told, in its order."""

    def __init__(self) -> None:
        self.names = list[str]()
        self.outcomes = list[Outcome]()

    def __call__(self, job: Job, outcome: Outcome) -> None:
        self.names.append(job.name)
        self.outcomes.append(outcome)


def never() -> None:
    raise AssertionError("nothing is to be cancelled")


def most_at_once(posts: int, held: int = 0) -> int:
    """Returns how many jobs ran at once after a first one with so many posts, of all that it had read."""
    met = threading.Semaphore(0)
    counts, lock, most = 0, threading.Lock(), 0

    def run(job: Job) -> JobResult:
        nonlocal counts, most
        with lock:
            counts += 1
            most = max(most, counts)
            if job is not ACTIVITY and counts == AT_ONCE:
                met.release(AT_ONCE)
        if job is not ACTIVITY:
            met.acquire(timeout=0.5)
        with lock:
            counts -= 1
        return result(posts, held)

    assert run_all([ACTIVITY, *(named(f"job{i}") for i in range(4))], run, Told(), never) == []
    return most


def test_two_run_at_once_up_to_a_number_of_posts() -> None:
    assert most_at_once(250_000) == 2
    assert most_at_once(250_001) == 1
    assert most_at_once(200_000, held=1_000_000) == 2
    assert most_at_once(200_000, held=1_000_001) == 1


def test_the_first_runs_alone_and_they_are_told_in_their_order() -> None:
    other_ended, first_ended = threading.Event(), threading.Event()

    def run(job: Job) -> JobResult:
        if job is ACTIVITY:
            first_ended.set()
        assert first_ended.is_set()
        if job is POLL:
            assert other_ended.wait(SECONDS)
        if job is OTHER:
            other_ended.set()
        return result()

    told = Told()
    assert run_all([ACTIVITY, POLL, OTHER], run, told, never) == []
    assert told.names == ["author_activity", "candidate_poll", "other"]


def test_a_job_begins_after_those_that_it_reads() -> None:
    began, poll_may_end, poll_ended = list[str](), threading.Event(), threading.Event()

    def run(job: Job) -> JobResult:
        began.append(job.name)
        if job is POLL:
            assert poll_may_end.wait(SECONDS)
            poll_ended.set()
        if job is OTHER:
            poll_may_end.set()
        if job is NEEDS_POLL:
            assert poll_ended.is_set()
        return result()

    assert run_all([ACTIVITY, POLL, NEEDS_POLL, OTHER], run, Told(), never) == []
    assert began == ["author_activity", "candidate_poll", "other", "backtest"]


def test_after_a_failure_only_what_needs_it_is_not_run() -> None:
    def run(job: Job) -> JobResult:
        if job is POLL:
            raise ValueError("it broke")
        assert job is not NEEDS_POLL
        return result()

    told = Told()
    without = named("optional", Published(CANDIDATE_POLL, ["race"], optional=True))
    again = named("again", Published(AUTHOR_ACTIVITY, ["author"]))
    jobs = [ACTIVITY, POLL, NEEDS_POLL, without, again]
    assert [job.name for job in run_all(jobs, run, told, never)] == ["candidate_poll", "backtest"]
    assert told.names == [job.name for job in jobs]
    assert str(told.outcomes[2]) == "not run, since it needs candidate_poll, which failed"
    assert isinstance(told.outcomes[2], PulsoError)


@pytest.mark.parametrize("in_a_job", [True, False])
def test_who_stops_it_cancels_what_runs_and_begins_nothing_more(in_a_job: bool) -> None:
    began, other_runs, cancelled = set[str](), threading.Event(), threading.Event()

    def run(job: Job) -> JobResult:
        began.add(job.name)
        if job is OTHER:
            other_runs.set()
            assert cancelled.wait(SECONDS)
            raise ValueError("cancelled")
        if job is POLL:
            assert other_runs.wait(SECONDS)
            if in_a_job:
                raise KeyboardInterrupt
        return result()

    def tell(job: Job, _: Outcome) -> None:
        if job is POLL:
            raise KeyboardInterrupt

    def cancel() -> None:
        cancelled.set()
        raise ValueError("Java is gone: it heard of the Ctrl-C first")

    with pytest.raises(KeyboardInterrupt):
        run_all([ACTIVITY, POLL, OTHER, named("more")], run, tell, cancel)
    assert cancelled.is_set()
    assert "more" not in began
