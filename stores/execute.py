"""Many statements, a bounded number in flight."""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from cassandra import OperationTimedOut, WriteTimeout
from cassandra.cluster import NoHostAvailable, ResponseFuture, Session
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

IN_FLIGHT = 32
PASSING = (OperationTimedOut, WriteTimeout, NoHostAvailable)


def execute_all(session: Session, statements: Iterable[Any], timeout: float, most: int = IN_FLIGHT) -> int:
    """Executes statements that may be repeated at will, at most so many at once; gives how many there were.

    One that times out is tried again and again, for `timeout` seconds more. Raises what the driver raises then; nothing
    is in flight any more when it does.
    """
    flying: deque[tuple[Any, ResponseFuture]] = deque()
    count = 0
    try:
        for count, statement in enumerate(statements, 1):  # noqa: B007
            if len(flying) >= most:
                _finish(session, *flying.popleft(), timeout)
            flying.append((statement, session.execute_async(statement, timeout=timeout)))
        while flying:
            _finish(session, *flying.popleft(), timeout)
    finally:
        for _, future in flying:
            with suppress(*PASSING):
                future.result()
    return count


def _finish(session: Session, statement: Any, future: ResponseFuture, timeout: float) -> None:
    try:
        future.result()
    except PASSING:
        retrying = Retrying(
            retry=retry_if_exception_type(PASSING),
            wait=wait_exponential(multiplier=0.5, max=10),
            stop=stop_after_delay(timeout),
            reraise=True,
        )
        retrying(session.execute, statement, timeout=timeout)
