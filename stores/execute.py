"""Sends many requests to Cassandra, with a bounded number in flight."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from typing import Any, TypeVar

from cassandra import OperationTimedOut, RequestExecutionException, WriteTimeout
from cassandra.cluster import NoHostAvailable, ResponseFuture, Session
from cassandra.connection import ConnectionException
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

T = TypeVar("T")
IN_FLIGHT = 32
FAILURES = (NoHostAvailable, OperationTimedOut, RequestExecutionException, ConnectionException)
"""The driver's errors for a Cassandra that is down, or too slow to answer in time."""
PASSING = (OperationTimedOut, WriteTimeout, NoHostAvailable)
"""Errors that may disappear when a request is repeated."""


def in_flight(
    requests: Iterable[T], send: Callable[[T], ResponseFuture], most: int = IN_FLIGHT
) -> Generator[tuple[T, ResponseFuture], None, None]:
    """Yields each request with its future, in order; at most `most` are in flight at any time.

    The caller calls `future.result()`, which waits, and raises the driver's errors. Later requests are already under
    way while the caller waits for an earlier one. When the caller stops early, this waits for the requests in flight
    and ignores their results.
    """
    flying: deque[tuple[T, ResponseFuture]] = deque()
    try:
        for request in requests:
            if len(flying) >= most:
                yield flying.popleft()
            flying.append((request, send(request)))
        while flying:
            yield flying.popleft()
    finally:
        for _, future in flying:
            with suppress(Exception):
                future.result()


def execute_all(session: Session, statements: Iterable[Any], timeout: float, most: int = IN_FLIGHT) -> int:
    """Runs idempotent statements, at most `most` in flight; returns their count.

    A statement that fails with one of the errors PASSING is repeated for up to `timeout` seconds; each attempt has the
    same time limit. After that the driver's error is raised, once no request is under way.
    """
    count = 0
    sent = in_flight(statements, lambda statement: session.execute_async(statement, timeout=timeout), most)
    with closing(sent):
        for count, (statement, future) in enumerate(sent, 1):  # noqa: B007
            try:
                future.result()
            except PASSING:
                _again(session, statement, timeout)
    return count


def _again(session: Session, statement: Any, timeout: float) -> None:
    retrying = Retrying(
        retry=retry_if_exception_type(PASSING),
        wait=wait_exponential(multiplier=0.5, max=10),
        stop=stop_after_delay(timeout),
        reraise=True,
    )
    retrying(session.execute, statement, timeout=timeout)
