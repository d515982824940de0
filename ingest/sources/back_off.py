"""How long to wait before the next attempt: longer after each failure. Each network has numbers of its own."""

from collections.abc import Callable, Mapping

from tenacity import RetryCallState, Retrying
from tenacity.wait import wait_base

LONGEST_NUMBER = 10
"""Digits of a number in a header: those of a Unix time until the year 2286."""


def no_jitter() -> float:
    """No jitter: the waits are as the rule says."""
    return 0.0


def number_in(headers: Mapping[str, str], name: str) -> float | None:
    """Returns the number in a header such as Retry-After: seconds, or a Unix time. None if there is none."""
    text = headers.get(name, "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else None


class BackOff:
    """Waits that grow by one of tenacity's rules, until `reset`.

    `jitter` returns a number from 0 to 1; half of it is the part of a wait that is taken off, so that not all clients
    of a network come back at the same moment.
    """

    def __init__(self, wait: wait_base, jitter: Callable[[], float] = no_jitter) -> None:
        self._wait = wait
        self._jitter = jitter
        self._failures = 0

    def reset(self) -> None:
        """Starts again: the next wait is as short as the first."""
        self._failures = 0

    def next(self) -> float:
        """Counts one more failure and returns the seconds to wait after it."""
        self._failures += 1
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = self._failures
        return self._wait(state) * (1 - self._jitter() / 2)
