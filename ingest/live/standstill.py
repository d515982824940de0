"""Notices that this process stood still, or that this machine's clock was set.

A process stands still if it is stopped, or a laptop sleeps. On waking it reads what had waited in the sockets, and
stamps it with the time of waking, so the outage would hide. Whether the clock was set is seen beside another clock that
nobody sets. A machine that was paused from outside looks as if its clock was set forward, once that has been put right.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from ingest.sources.base import Clock

TICK = 1.0
"""Seconds between two looks."""
LONGEST_TICK = 10.0
"""A look that comes so many seconds after the last one means that the process stood still; X sends a sign of life every
20 seconds."""
SMALLEST_SET = 2.0
"""Seconds; a smaller difference between the two clocks does no harm to the bounds of a gap."""


class Standstill:
    """A thread that looks at the clocks every second.

    It calls `tell` with the seconds of each standstill, and `tell_set` with the seconds by which the clock was set:
    less than 0 for back.
    """

    def __init__(
        self,
        clock: Clock,
        tell: Callable[[float], None],
        tell_set: Callable[[float], None] = lambda _: None,
        tick: float = TICK,
    ) -> None:
        self._clock, self._tell, self._tell_set, self._tick = clock, tell, tell_set, tick
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
        last, last_wall = self._both()
        while not self._over.wait(self._tick):
            now, wall = self._both()
            passed = now - last
            moved = (wall - last_wall).total_seconds() - passed
            last, last_wall = now, wall
            if passed > LONGEST_TICK:
                self._tell(passed)
            if abs(moved) > SMALLEST_SET:
                self._tell_set(moved)

    def _both(self) -> tuple[float, datetime]:
        """Returns the times of both clocks, at the same moment: the process may be stopped between two looks."""
        while True:
            before, wall, after = self._clock.elapsed(), self._clock.now(), self._clock.elapsed()
            if abs(after - before) < SMALLEST_SET / 10:
                return after, wall
