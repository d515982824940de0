"""A buffer that keeps events in a file on disk while there is no room for them in memory.

The events in memory are older than those in the file (`_events`), or newer (`_behind`); a thread of its own writes the
newer ones to the file, so that the network never waits for a disk. Once half of the memory is full, all events go to
the file, also the older ones, and those that the publisher has taken and not yet queued: if this process dies, the next
one finds everything there. When all of the file is read back, memory alone is used again.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import structlog

from ingest.live.buffer import Buffer, Event, Line, Lost, Outdated, Position, bytes_of
from ingest.live.left import Left
from ingest.live.spill import PIECE, Record, Spill

TRY_AGAIN = 60.0
"""Seconds for which nothing is written after the file could not be written."""
KEEP_SECONDS = 30.0
"""The most seconds that a stop waits for the disk."""
UNREADABLE = "messages on the collector's disk could not be read back"

log = structlog.get_logger("spill")


class _Piece(NamedTuple):
    """Events that are being written, and the number of the first."""

    first: int
    events: list[Event]


class SpillingBuffer(Buffer):
    """A buffer whose events are numbered, and kept in a file while half of the memory is full.

    If the file is full, or can't be written, the buffer works without it, and drops lines when the memory is full.
    """

    def __init__(self, limit_bytes: int, spill: Spill, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(limit_bytes)
        self._spill, self._clock = spill, clock
        self._piece = min(PIECE, limit_bytes // 4)
        self._behind: deque[Event] = deque()
        self._in_hand: list[Event] = []
        self._added = self._taken = self._left = 0  # numbers: of the last event added, taken, left by a dead process
        self._taken_us: int | None = None
        self._through_us = 0
        self._spilling = self._busy = self._full = self._keeping = self._closing = False
        self._rests_until = float("inf")
        self._told = False
        self._to_write = threading.Condition(self._lock)
        self._writer = threading.Thread(target=self._write, name="spill", daemon=True)

    @property
    def position(self) -> Position:
        """The file's id, and the number of the last event that was taken."""
        return self._spill.id, self._taken

    @property
    def is_empty(self) -> bool:
        """Whether all events were taken."""
        with self._lock:
            return not self._events and not self._spilling

    @property
    def spilled(self) -> int:
        """The bytes of events that are on disk only."""
        return self._spill.size

    def open(self) -> None:
        """Opens the file. Raises PulsoError while another process has it open; works without it if that fails."""
        try:
            damaged = self._spill.open()
        except OSError as error:
            log.warning("no messages can be kept on disk", file=str(self._spill.path), error=str(error))
            return
        self._rests_until = 0.0
        if damaged:
            log.warning("the end of the messages on disk is damaged", file=str(self._spill.path), bytes=damaged)

    def recover(self, queued: Position, through_us: int | None) -> Left | None:
        """Begins with what a dead process left in the file; returns how that ends, None if there is nothing.

        If another process has collected meanwhile, so that it was queued up to a later time, that time is the last one,
        and events of the dead process that are not messages have no effect.
        """
        is_ours = queued[0] == self._spill.id
        self._taken = queued[1] if is_ours else 0
        self._taken_us, self._through_us, self._left = through_us, through_us or 0, self._spill.last
        self._added = max(self._taken, self._left)
        self._spilling = self._left > self._taken
        self._writer.start()
        left = self._spill.left
        if not self._spilling or left is None:
            self._spill.clear()
            return None
        log.warning("a collector that died left messages on disk: they are queued first", bytes=self._spill.size)
        if not is_ours:
            left.replaced(self._through_us)
        elif left.set_back:  # of one process, and earlier times come later
            self._through_us = 0
        left.last_us = max(left.last_us, self._through_us)
        return left

    def get(self, most: int, wait_seconds: float) -> tuple[list[Event], int | None]:
        """Returns events as Buffer does. What was returned before counts as queued."""
        with self._lock:
            self._in_hand = []
        self._read_back()
        with self._lock:
            events, heard_us = super().get(most, wait_seconds)
            if events:
                self._in_hand, self._taken_us = events, events[-1].at_us
                self._taken += len(events)
            if self._keeping:
                self._changed.notify_all()
            return events, None if self._spilling else heard_us

    def keep(self) -> str | None:
        """Writes all events to the file; returns where they are, for a person, or None if they are not all there."""
        with self._lock:
            self._keeping = True
            self._to_write.notify()
            self._changed.wait_for(lambda: not self._busy and not self._is_due(), KEEP_SECONDS)
            if self._behind or self._busy or not self._spilling:
                return None
        return f"what is left is kept in {self._spill.path}"

    def close(self) -> None:
        """Ends the writing thread, and closes the file."""
        with self._lock:
            self._closing = True
            self._to_write.notify()
        if self._writer.is_alive():
            self._writer.join(KEEP_SECONDS)
        if not self._writer.is_alive():
            self._spill.close()

    def _add(self, event: Event) -> None:
        self._added += 1
        (self._behind if self._spilling else self._events).append(event)
        self._changed.notify()
        if self._is_due():
            self._to_write.notify()

    # On the publisher's thread.

    def _read_back(self) -> None:
        """Reads a piece of the file once all older events were taken. Ends the use of the file when all was read."""
        with self._lock:
            if self._events or not self._spilling:
                return
        try:
            records = self._spill.read(self._taken, self._piece)
        except OSError as error:
            self._pass_over(error)
            return
        with self._lock:
            if records:
                self._taken = records[0][0] - 1
                self._events.extend(map(self._still_right, records))
                self._bytes += bytes_of(self._events)
            if records or self._busy or self._spill.size:
                return
            self._use_memory()
        self._spill.clear()
        with self._lock:
            self._busy = self._full = False
            self._to_write.notify()
        log.info("the messages on disk are queued")

    def _use_memory(self) -> None:
        """The file has nothing left: the newer events in memory are the next ones. The file is busy until cleared."""
        for _ in range(self._taken - (self._added - len(self._behind))):  # taken before the file was given up
            self._bytes -= bytes_of([self._behind.popleft()])
        self._events, self._behind = self._behind, deque()
        self._spilling, self._busy = False, True

    def _pass_over(self, error: OSError) -> None:
        """What is in the file now can't be read: it is lost, and a gap says so."""
        with self._lock:
            if self._busy:
                return  # the next look
            log.error("messages on disk can't be read: they are lost", bytes=self._spill.size, error=str(error))
            self._spill.skip()
            self._taken = self._spill.last - 1
            from_us = self._spill.last_us if self._taken_us is None else self._taken_us
            self._events.append(Lost(from_us, max(from_us, self._spill.last_us), UNREADABLE, None))

    def _still_right(self, record: Record) -> Event:
        number, event = record
        if number <= self._left and not isinstance(event, Line) and event.at_us < self._through_us:
            return Outdated(event.at_us)
        return event

    # On the writing thread.

    def _write(self) -> None:
        while piece := self._next_piece():
            error: Exception | None = None
            written = False
            try:
                written = self._spill.append(*piece)
            except Exception as raised:  # whatever it is: events wait for the end of this
                error = raised
            self._end_piece(piece, error, written=written)

    def _next_piece(self) -> _Piece | None:
        """Waits for events that are to be written; returns a piece of them, or None when closed."""
        with self._lock:
            while not self._closing and not self._is_due():
                rest = self._rests_until - self._clock()
                self._to_write.wait(rest if 0 < rest <= TRY_AGAIN else None)
            if self._closing:
                return None
            if not self._spilling:
                self._use_file()
            self._busy = True
            events, size = list[Event](), 0
            while self._behind and size < self._piece:
                events.append(self._behind.popleft())
                size += bytes_of(events[-1:])
            return _Piece(self._added - len(self._behind) - len(events) + 1, events)

    def _is_due(self) -> bool:
        if self._busy or self._full or self._clock() < self._rests_until:
            return False
        if self._spilling:
            return bool(self._behind)
        return self._bytes > self._limit // 2 or (self._keeping and bool(self._events or self._in_hand))

    def _use_file(self) -> None:
        """From now on events go to the file, first those in memory."""
        log.warning("messages are kept on disk until they can be queued", file=str(self._spill.path))
        self._behind.extend(self._in_hand)
        self._bytes += bytes_of(self._in_hand)
        self._behind.extend(self._events)
        self._events.clear()
        self._spilling = True

    def _end_piece(self, piece: _Piece, error: Exception | None, *, written: bool) -> None:
        with self._lock:
            self._busy = False
            if written:
                self._bytes -= bytes_of(piece.events)
                self._told = False
            else:
                self._behind.extendleft(reversed(piece.events))
                self._full = error is None
                self._rests_until = self._clock() + TRY_AGAIN if error else self._rests_until
                self._tell(error)
            self._changed.notify_all()

    def _tell(self, error: Exception | None) -> None:
        """Says once that the file takes no more."""
        if not self._told:
            self._told = True
            why = "it has reached PULSO_LIVE_SPILL_BYTES" if error is None else str(error)
            log.warning("no more messages go to disk: what finds no room in memory is dropped", reason=why)
