"""Notices that this process stood still: it was stopped, its machine was paused, or a laptop slept.

On waking it reads what had waited in the sockets and stamps it with the time of waking, so the outage would hide.
"""

import threading
from collections.abc import Callable

from ingest.sources.base import Clock

TICK = 1.0
"""Seconds between two looks."""
LONGEST_TICK = 10.0
"""A look that comes so many seconds after the last one means that the process stood still; X sends a sign of life every
20 seconds."""


class Standstill:
    """A thread that looks at the clock every second, and calls `tell` with the seconds of each standstill."""

    def __init__(self, clock: Clock, tell: Callable[[float], None], tick: float = TICK) -> None:
        self._clock, self._tell, self._tick = clock, tell, tick
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="standstill", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        last = self._clock.elapsed()
        while not self._over.wait(self._tick):
            now = self._clock.elapsed()
            if now - last > LONGEST_TICK:
                self._tell(now - last)
            last = now
