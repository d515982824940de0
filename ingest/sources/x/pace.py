"""Decides when to connect to X again.

Back-off: https://docs.x.com/x-api/fundamentals/handling-disconnections; connects:
https://docs.x.com/x-api/fundamentals/rate-limits
"""

from collections import deque

from ingest.sources.base import Clock
from ingest.sources.x.errors import Kind, Unavailable

NETWORK_STEP, NETWORK_MOST = 0.25, 16.0
HTTP_FIRST, HTTP_MOST = 5.0, 320.0
RATE_FIRST, RATE_MOST = 60.0, 900.0
LATEST_RESET = 86_400.0
"""A reset time more than this many seconds ahead is ignored, since X's longest window is a day."""
MOST_CONNECTS, WINDOW_SECONDS = 50, 900.0


class BackOff:
    """Waits that grow with each failure of the same kind, until `reset` is called."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[Kind, int] = {}

    def reset(self) -> None:
        """Starts again from the shortest waits."""
        self._failures.clear()

    def seconds(self, trouble: Unavailable) -> float:
        """Returns the seconds to wait after this failure."""
        times = self._failures.get(trouble.kind, 0)
        self._failures[trouble.kind] = times + 1
        times = min(times, 64)  # 2 to this power is far past every limit
        if trouble.kind == "network":
            return min(NETWORK_STEP * times, NETWORK_MOST)
        if trouble.kind == "http":
            return min(HTTP_FIRST * 2.0**times, HTTP_MOST)
        until_reset = (trouble.reset or 0.0) - self._clock.now().timestamp()
        return max(min(RATE_FIRST * 2.0**times, RATE_MOST), until_reset if until_reset <= LATEST_RESET else 0.0)


class ConnectLimit:
    """Allows at most `most` connects in any `seconds` seconds."""

    def __init__(self, clock: Clock, most: int = MOST_CONNECTS, seconds: float = WINDOW_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._latest: deque[float] = deque(maxlen=most)

    def wait(self) -> bool:
        """Waits until one more connect is allowed, and counts it; returns True when asked to stop."""
        while len(self._latest) == self._latest.maxlen:
            left = self._latest[0] + self._seconds - self._clock.monotonic()
            if left <= 0:
                break
            if self._clock.wait(left):
                return True
        self._latest.append(self._clock.monotonic())
        return self._clock.stopped
