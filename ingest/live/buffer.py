"""The buffer between the network's thread and the queue.

Its size is limited; lines that don't fit are dropped and counted. Events are msgspec structs, since a buffer may keep
them on disk.
"""

import threading
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from conf.settings import DEFAULTS

if TYPE_CHECKING:
    from ingest.live.left import Left


class Line(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """One message and its time: the event's time from a source that plays back, else the time of arrival."""

    at_us: int
    line: bytes


class Opened(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The connection is up."""

    at_us: int


class Resumed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The connection is up, and the source will send all messages from after `since_us`."""

    at_us: int
    since_us: int


class Closed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The connection ended; `at_us` is the last sign of life. With `died`, the collector ended, too, without a stop."""

    at_us: int
    reason: str
    died: bool = False


class Lost(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The network did not send some posts between two moments; `estimate` is their number, if the network gives it."""

    from_us: int
    at_us: int
    reason: str
    estimate: int | None


class SetBack(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """This machine's clock was set back to `at_us`."""

    at_us: int


class Shedding(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The buffer is full; from now on lines are dropped."""

    at_us: int


class Shed(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The buffer has room again; `lines` were dropped."""

    at_us: int
    lines: int


class Outdated(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """An event of a process that another one had replaced by then. It says nothing of gaps."""

    at_us: int


Event = Line | Opened | Resumed | Closed | Lost | SetBack | Shedding | Shed | Outdated
Position = tuple[str, int]
"""The id of a buffer that numbers its events, and the number of one of them."""


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
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)

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
            self._add(event)

    def put_line(self, line: Line, *, playback: bool) -> bool:
        """Adds a line if there is room, and returns whether it did. An empty buffer has room for a line of any size.

        After a line did not fit, all further lines are refused until half of the buffer is free. A refused line is
        counted as dropped, unless the source can play it back.
        """
        with self._changed:
            if self._shed is not None and self._bytes <= self._limit // 2:
                self._add(Shed(line.at_us, self._shed))
                self._shed = None
            if self._shed is None and (self._bytes + len(line.line) <= self._limit or not self._bytes):
                self._bytes += len(line.line)
                self._heard_us = line.at_us
                self._add(line)
                return True
            if not playback:
                if self._shed is None:
                    self._add(Shedding(line.at_us))
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
            self._bytes -= bytes_of(taken)
            return taken, None if self._events else self._heard_us

    def settle(self, at_us: int) -> None:
        """If lines are being dropped, ends this at `at_us`. Called when no more lines will come."""
        with self._changed:
            if self._shed is not None:
                self._add(Shed(at_us, self._shed))
                self._shed = None

    # What a buffer with a file on disk does beside (spilling_buffer.py).

    @property
    def position(self) -> Position:
        """The number of the last event that was taken; the id is empty if events have no numbers."""
        return "", 0

    @property
    def is_empty(self) -> bool:
        """Whether all events were taken."""
        return not self._events

    @property
    def spilled(self) -> int:
        """The bytes of events that are on disk only."""
        return 0

    def open(self) -> None:
        """Opens the file. Raises PulsoError while another process has it open."""

    def recover(self, queued: Position, through_us: int | None) -> "Left | None":
        """Begins with what a dead process left in the file; returns how that ends, None if there is nothing.

        Of that process, all events up to `queued` and all messages up to `through_us` are in the queue.
        """
        _ = queued, through_us
        return None

    def keep(self) -> str | None:
        """Writes all events to the file; returns where they are, for a person, or None if they are not all there."""
        return None

    def close(self) -> None:
        """Closes the file."""

    def _add(self, event: Event) -> None:
        """Adds an event behind all others. The caller holds the lock."""
        self._events.append(event)
        self._changed.notify()


def bytes_of(events: Iterable[Event]) -> int:
    """Returns the bytes of all lines among these events."""
    return sum(len(event.line) for event in events if isinstance(event, Line))
