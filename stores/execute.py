"""Sends many requests to Cassandra, with a bounded number in flight."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from typing import Any, Generic, TypeVar

from cassandra import OperationTimedOut, WriteTimeout
from cassandra.cluster import NoHostAvailable, ResponseFuture, Session
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

T = TypeVar("T")
IN_FLIGHT = 32
PASSING = (OperationTimedOut, WriteTimeout, NoHostAvailable)
"""Errors that may disappear when a request is repeated."""


class InFlight(Generic[T]):
    """Requests under way, at most `most`, from the oldest to the newest; `send` sends one."""

    def __init__(self, send: Callable[[T], ResponseFuture], most: int = IN_FLIGHT) -> None:
        self._send, self._most = send, most
        self._flying: deque[tuple[T, ResponseFuture]] = deque()

    def begin(self, requests: Iterable[T]) -> Iterator[tuple[T, ResponseFuture]]:
        """Sends requests. Before one would be too many, yields the oldest with its future, and takes it out."""
        for request in requests:
            if len(self._flying) >= self._most:
                yield self._flying.popleft()
            self._flying.append((request, self._send(request)))

    def land(self) -> Iterator[tuple[T, ResponseFuture]]:
        """Yields and takes out all that are under way."""
        while self._flying:
            yield self._flying.popleft()

    def close(self) -> None:
        """Waits for what is under way, and ignores the results."""
        for _, future in self.land():
            with suppress(Exception):
                future.result()


def in_flight(
    requests: Iterable[T], send: Callable[[T], ResponseFuture], most: int = IN_FLIGHT
) -> Generator[tuple[T, ResponseFuture], None, None]:
    """Yields each request with its future, in order; at most `most` are in flight at any time.

    The caller calls `future.result()`, which waits, and raises the driver's errors. Later requests are already under
    way while the caller waits for an earlier one. When the caller stops early, this waits for the requests in flight
    and ignores their results.
    """
    with closing(InFlight(send, most)) as flying:
        yield from flying.begin(requests)
        yield from flying.land()


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
