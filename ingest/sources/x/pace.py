"""Decides when to connect to X again.

Back-off: https://docs.x.com/x-api/fundamentals/handling-disconnections; connects:
https://docs.x.com/x-api/fundamentals/rate-limits
"""

from collections import deque

from tenacity import wait_exponential, wait_incrementing
from tenacity.wait import wait_base

from ingest.sources.back_off import BackOff
from ingest.sources.base import Clock
from ingest.sources.x.errors import Kind, Unavailable

WAITS: dict[Kind, wait_base] = {
    "network": wait_incrementing(start=0, increment=0.25, max=16),
    "http": wait_exponential(multiplier=5, max=320),
    "rate": wait_exponential(multiplier=60, max=900),
}
"""The waiting times in seconds that X prescribes for each kind of failure."""
LATEST_RESET = 86_400.0
"""A reset time more than this many seconds ahead is ignored, since X's longest window is a day."""
MOST_CONNECTS, WINDOW_SECONDS = 50, 900.0


class BackOffs:
    """A back-off for each kind of failure; the waits grow until `reset` is called."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of_kind = {kind: BackOff(wait) for kind, wait in WAITS.items()}

    def reset(self) -> None:
        """Starts again from the shortest waits."""
        for back_off in self._of_kind.values():
            back_off.reset()

    def seconds(self, trouble: Unavailable) -> float:
        """Returns the seconds to wait after this failure; if X gives a reset time, at least until then."""
        until_reset = (trouble.reset or 0.0) - self._clock.now().timestamp()
        return max(self._of_kind[trouble.kind].next(), until_reset if until_reset <= LATEST_RESET else 0.0)


class ConnectLimit:
    """Allows at most `most` connects in any `seconds` seconds."""

    def __init__(self, clock: Clock, most: int = MOST_CONNECTS, seconds: float = WINDOW_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._latest: deque[float] = deque(maxlen=most)

    def wait(self) -> bool:
        """Waits until one more connection is allowed, and counts it; returns True if asked to stop meanwhile."""
        while len(self._latest) == self._latest.maxlen:
            left = self._latest[0] + self._seconds - self._clock.monotonic()
            if left <= 0:
                break
            if self._clock.wait(left):
                return True
        self._latest.append(self._clock.monotonic())
        return self._clock.stopped
