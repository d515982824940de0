"""The buffer between the network's thread and the queue.

Its size is limited; lines that don't fit are dropped and counted.
"""

import threading
from collections import deque
from typing import NamedTuple

from conf.settings import DEFAULTS


class Line(NamedTuple):
    """One message and its time in µs: the event's time from a source that plays back, else the time of arrival."""

    at_us: int
    line: bytes


class Opened(NamedTuple):
    """The connection is up."""

    at_us: int


class Resumed(NamedTuple):
    """The connection is up, and the source will send all messages from after `since_us`."""

    at_us: int
    since_us: int


class Closed(NamedTuple):
    """The connection ended; `at_us` is the last sign of life."""

    at_us: int
    reason: str


class Lost(NamedTuple):
    """The network did not send some posts between two moments; `estimate` is their number, if the network gives it."""

    from_us: int
    at_us: int
    reason: str
    estimate: int | None


class SetBack(NamedTuple):
    """This machine's clock was set back to `at_us`."""

    at_us: int


class Shedding(NamedTuple):
    """The buffer is full; from now on lines are dropped."""

    at_us: int


class Shed(NamedTuple):
    """The buffer has room again; `lines` were dropped."""

    at_us: int
    lines: int


Event = Line | Opened | Resumed | Closed | Lost | SetBack | Shedding | Shed


class Buffer:
    """Passes events in order from one thread to another. The methods that add events never wait.

    `limit_bytes` limits the lines' total size.
    """

    def __init__(self, limit_bytes: int = DEFAULTS.live_buffer_bytes) -> None:
        self._limit = limit_bytes
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._shed: int | None = None
        self._heard_us: int | None = None
        self._changed = threading.Condition()

    @property
    def size(self) -> int:
        """The bytes of all lines in the buffer."""
        return self._bytes

    @property
    def heard_us(self) -> int | None:
        """The time of the last sign of life, in µs; for a source that plays back, the time of the last line."""
        return self._heard_us

    def hear(self, at_us: int) -> None:
        """Records a sign of life: all messages up to `at_us` are in the buffer or were taken from it."""
        with self._changed:
            self._heard_us = at_us

    def put(self, event: Event) -> None:
        """Adds an event that is not a line. Such events are small, so there is always room for them."""
        with self._changed:
            self._events.append(event)
            self._changed.notify()

    def put_line(self, line: Line, *, playback: bool) -> bool:
        """Adds a line if there is room, and returns whether it did.

        After a line did not fit, all further lines are refused until half of the buffer is free. A refused line is
        counted as dropped, unless the source can play it back.
        """
        with self._changed:
            if self._shed is not None and self._bytes <= self._limit // 2:
                self._events.append(Shed(line.at_us, self._shed))
                self._shed = None
            if self._shed is None and self._bytes + len(line.line) <= self._limit:
                self._events.append(line)
                self._bytes += len(line.line)
                self._heard_us = line.at_us
                self._changed.notify()
                return True
            if not playback:
                if self._shed is None:
                    self._events.append(Shedding(line.at_us))
                    self._shed = 0
                self._shed += 1
                self._heard_us = line.at_us
            return False

    def get(self, most: int, wait_seconds: float) -> tuple[list[Event], int | None]:
        """Returns up to `most` events and, if none are left, the time up to which they are complete.

        Waits up to `wait_seconds` for the first event. The time is in µs; it is None while events are left, and before
        the first sign of life.
        """
        with self._changed:
            if not self._events:
                self._changed.wait(wait_seconds)
            taken = [self._events.popleft() for _ in range(min(most, len(self._events)))]
            self._bytes -= sum(len(event.line) for event in taken if isinstance(event, Line))
            return taken, None if self._events else self._heard_us

    def settle(self, at_us: int) -> None:
        """If lines are being dropped, ends this at `at_us`. Called when no more lines will come."""
        with self._changed:
            if self._shed is not None:
                self._events.append(Shed(at_us, self._shed))
                self._shed = None
