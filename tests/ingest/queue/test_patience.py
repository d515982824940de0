"""Waiting for a store: how long, until when, and what is not waited for."""

import threading

import pytest
import redis
import structlog
from cassandra import AuthenticationFailed, InvalidRequest, Unauthorized
from cassandra.cluster import NoHostAvailable

from ingest.queue.patience import REDIS_PASSING, GaveUp, Patience
from ingest.queue.posts_queue import QueueFull
from stores.refused import FAILURES


class Waits(threading.Event):
    """An event that notes each wait and lets it pass at once; set after so many waits."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._most = most

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0)
        if len(self.seconds) == self._most:
            self.set()
        return self.is_set()


class Failing:
    """A step that fails so many times."""

    def __init__(self, times: int, error: Exception) -> None:
        self.calls = 0
        self._times, self._error = times, error

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return "done"


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("gone"),
        redis.TimeoutError("slow"),
        redis.BusyLoadingError("loading"),
        redis.ReadOnlyError("a replica"),
        QueueFull("out of memory"),
        redis.ResponseError("ERR Error running script (call to f_1): -READONLY You can't write against a replica."),
        redis.ResponseError("NOREPLICAS Not enough good replicas to write."),
        redis.exceptions.MasterDownError("MASTERDOWN Link with MASTER is down"),
        redis.ResponseError(
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
        ),
        redis.ResponseError("MISCONF Redis is configured to save, but is not able to persist on disk"),
    ],
)
def test_a_step_is_run_again_until_it_is_done(error: Exception) -> None:
    waits, held, step = Waits(99), list[int](), Failing(9, error)
    assert Patience(REDIS_PASSING, waits, on_wait=lambda: held.append(step.calls))(step) == "done"
    assert waits.seconds == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert held == list(range(1, 10))


def test_each_step_begins_with_the_shortest_wait() -> None:
    waits = Waits(99)
    patiently = Patience(REDIS_PASSING, waits)
    for _ in range(2):
        patiently(Failing(2, QueueFull("full")))
    assert waits.seconds == [0.1, 0.2] * 2


def test_a_stop_gives_up_which_is_another_result_than_done() -> None:
    step = Failing(99, QueueFull("out of memory"))
    with pytest.raises(GaveUp, match="out of memory"):
        Patience(REDIS_PASSING, Waits(3))(step)
    assert step.calls == 4


def test_a_step_is_tried_once_after_a_stop() -> None:
    stopping = threading.Event()
    stopping.set()
    assert Patience(REDIS_PASSING, stopping)(Failing(0, QueueFull())) == "done"


def test_what_does_not_pass_is_raised_at_once() -> None:
    waits = Waits(99)
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        Patience(REDIS_PASSING, waits)(Failing(1, redis.ResponseError("WRONGTYPE")))
    assert waits.seconds == []


@pytest.mark.parametrize(
    "error",
    [
        redis.AuthenticationError("invalid username-password pair"),
        redis.exceptions.NoPermissionError("this user has no permissions"),
        Unauthorized("no MODIFY permission"),
        NoHostAvailable("no host", {"a": AuthenticationFailed("bad credentials")}),
        InvalidRequest("unconfigured table"),
    ],
)
def test_what_no_waiting_mends_is_not_waited_for(error: Exception) -> None:
    waits, step = Waits(99), Failing(9, error)
    with pytest.raises(type(error)):
        Patience((*FAILURES, *REDIS_PASSING), waits)(step)
    assert (waits.seconds, step.calls) == ([], 1)


def test_a_cassandra_of_which_only_some_hosts_refuse_the_login_is_waited_for() -> None:
    errors = {"a": AuthenticationFailed("bad credentials"), "b": ConnectionRefusedError("down")}
    step = Failing(1, NoHostAvailable("no host", errors))
    assert Patience(FAILURES, Waits(99))(step) == "done"


def test_a_wait_is_told_at_once_and_then_once_a_minute_and_so_is_its_end() -> None:
    waits, step = Waits(999), Failing(40, QueueFull("out of memory"))
    patiently = Patience(REDIS_PASSING, waits, clock=lambda: 0.9 * sum(waits.seconds))
    with structlog.testing.capture_logs() as told:
        patiently(step)
        patiently(Failing(0, QueueFull()))
    waited = [line["attempt"] for line in told if line["log_level"] == "warning"]
    assert waited == [1, 20, 34], "after 0, 64 and 127 s"
    assert [line["event"] for line in told if line["log_level"] == "info"] == [
        "Cassandra and Redis take requests again"
    ]
