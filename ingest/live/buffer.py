"""Between the network's thread and the queue: bounded in bytes; what then has no room is shed, and counted."""

import threading
from collections import deque
from typing import NamedTuple

from conf.settings import DEFAULTS


class Line(NamedTuple):
    """One message, and its place in time in µs: when it happened where the source says so, else when it came."""

    at_us: int
    line: bytes


class Opened(NamedTuple):
    """The connection is up."""

    at_us: int


class Resumed(NamedTuple):
    """The connection is up and plays back what happened after `since_us`."""

    at_us: int
    since_us: int


class Closed(NamedTuple):
    """The connection is gone; the last sign of life came at `at_us`."""

    at_us: int
    reason: str


class Lost(NamedTuple):
    """Left out by the network between two moments."""

    from_us: int
    at_us: int
    reason: str
    estimate: int | None


class Shedding(NamedTuple):
    """From now on there is no room."""

    at_us: int


class Shed(NamedTuple):
    """There is room again; `lines` were let go."""

    at_us: int
    lines: int


Event = Line | Opened | Resumed | Closed | Lost | Shedding | Shed


class Buffer:
    """Events in order, from one thread to another. Nothing that is put ever waits."""

    def __init__(self, limit_bytes: int = DEFAULTS.live_buffer_bytes) -> None:
        self._limit = limit_bytes
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._shed: int | None = None
        self._heard_us: int | None = None
        self._changed = threading.Condition()

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._bytes

    @property
    def heard_us(self) -> int | None:
        """The last sign of life, or of a source that plays back the place of its last line."""
        return self._heard_us

    def hear(self, at_us: int) -> None:
        """A sign of life: until then, nothing came but what was put."""
        with self._changed:
            self._heard_us = at_us

    def put(self, event: Event) -> None:
        """Adds what is no line: it is small, and always has room."""
        with self._changed:
            self._events.append(event)
            self._changed.notify()

    def put_line(self, line: Line, *, playback: bool) -> bool:
        """Adds a line if there is room for it. Once there is none, room counts again when half of it is free.

        A line that can be played back is refused and forgotten; any other is counted as shed.
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
        """At most so many events, in order, none when none came in time; and until when nothing else came, in µs,
        if that leaves nothing."""
        with self._changed:
            if not self._events:
                self._changed.wait(wait_seconds)
            taken = [self._events.popleft() for _ in range(min(most, len(self._events)))]
            self._bytes -= sum(len(event.line) for event in taken if isinstance(event, Line))
            return taken, None if self._events else self._heard_us

    def settle(self, at_us: int) -> None:
        """Ends shedding, if it goes on: nothing more will come."""
        with self._changed:
            if self._shed is not None:
                self._events.append(Shed(at_us, self._shed))
                self._shed = None
