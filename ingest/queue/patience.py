"""Repeats a step while Cassandra or Redis is down or full. All of ingest uses this class for retries."""

import threading
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar, cast

import redis
import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from conf.errors import one_line
from ingest.queue.posts_queue import QueueFull
from stores.refused import is_permanent, refuses_writes

T = TypeVar("T")
REDIS_PASSING = (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError, QueueFull)
"""Temporary errors: Redis is down, is starting, or is full. What `refuses_writes` tells passes, too."""
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds between two attempts: they double from the first to the longest."""
TOLD_EVERY = 60.0
"""Seconds between two lines in the log while a step waits, however often it is tried."""

log = structlog.get_logger("patience")


class GaveUp(Exception):
    """A step could not be done: while Cassandra or Redis was down or full, the process was asked to stop."""


class Patience:
    """Runs a step; while Cassandra or Redis is down or full, runs it again. It must be safe to repeat the step.

    It gives up once `stopping` is set. `on_wait` is called before each wait. The log says at once, and then once a
    minute, that a step waits, and when it has been done after all.
    """

    def __init__(
        self,
        passing: tuple[type[Exception], ...],
        stopping: threading.Event | None = None,
        on_wait: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        stopping = stopping or threading.Event()
        self._on_wait, self._clock = on_wait, clock
        self._told, self._waits = float("-inf"), False
        self._retrying = Retrying(
            retry=retry_if_exception(lambda error: is_passing(error, passing)),
            wait=wait_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            before_sleep=self._before_wait,
            stop=lambda _: stopping.is_set(),
            sleep=lambda seconds: cast("None", stopping.wait(seconds)),
            retry_error_callback=_give_up,
        )

    def __call__(self, step: Callable[[], T]) -> T:
        """Returns what the step returns, once it is done.

        Raises GaveUp when it is to stop first, and what the step raises if that is none of the passing errors, or if no
        waiting mends it, such as a wrong password.
        """
        done = self._retrying(step)
        if self._waits:
            self._waits = False
            log.info("Cassandra and Redis take requests again")
        return done

    def _before_wait(self, state: RetryCallState) -> None:
        if self._clock() - self._told >= TOLD_EVERY:
            self._told, self._waits = self._clock(), True
            log.warning("Cassandra or Redis is down or full", attempt=state.attempt_number, error=_last_error(state))
        self._on_wait()


def is_passing(error: BaseException, passing: tuple[type[Exception], ...]) -> bool:
    """Returns whether an error is one of the passing ones, and waiting may mend it."""
    return (isinstance(error, passing) and not is_permanent(error)) or refuses_writes(error)


def _give_up(state: RetryCallState) -> NoReturn:
    cause = state.outcome.exception() if state.outcome else None
    raise GaveUp(_last_error(state)) from cause


def _last_error(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return one_line(error) if error else ""
