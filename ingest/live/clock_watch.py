"""What a collector notes when its process stood still, or when this machine's clock was set."""

from collections.abc import Callable

import structlog

from conf.instants import micros
from ingest.live.buffer import Buffer, Lost, SetBack
from ingest.live.selection import FILLING
from ingest.live.standstill import Standstill
from ingest.sources.base import Clock

STOOD_STILL = "the collector stood still"
SET_FORWARD = "the clock was set forward, or the machine was paused"

log = structlog.get_logger("collector")


class ClockWatch:
    """Puts such events into the buffer, from a thread of its own. `plays_back` says whether the source does."""

    def __init__(self, topic: str, source: str, clock: Clock, buffer: Buffer, plays_back: Callable[[], bool]) -> None:
        self._topic, self._source, self._clock = topic, source, clock
        self._buffer, self._plays_back = buffer, plays_back
        self._standstill = Standstill(clock, self._stood_still, self._clock_set)

    def start(self) -> None:
        """Begins to look."""
        self._standstill.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._standstill.stop()

    def _stood_still(self, seconds: float) -> None:
        """Notes a gap, since what the network sent meanwhile may be lost; but not for a source that fills gaps."""
        log.warning("this process stood still", topic=self._topic, seconds=round(seconds, 1))
        if self._source not in FILLING:
            now = micros(self._clock.now())
            self._buffer.put(Lost(now - round(seconds * 1e6), now, STOOD_STILL, None))

    def _clock_set(self, seconds: float) -> None:
        """Notes that this machine's clock was set; `seconds` is by how much, less than 0 for back.

        If it was set forward, the times that it left out are a gap: a machine that was paused looks the same. If it was
        set back, what is collected from now on is from before the time up to which all was told to be stored.
        """
        log.warning("this machine's clock was set", topic=self._topic, seconds=round(seconds, 1))
        if not self._plays_back():
            now = micros(self._clock.now())
            forward = Lost(now - round(seconds * 1e6), now, SET_FORWARD, None)
            self._buffer.put(forward if seconds > 0 else SetBack(now))
            self._buffer.hear(now)
