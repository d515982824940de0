"""The collector takes messages from a source without waiting; a second thread queues them, and notes about gaps."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

import redis
import structlog

from conf.errors import PulsoError, one_line, place_of
from conf.instants import instant, is_due, micros
from conf.settings import DEFAULTS
from ingest.live.archive import Archive
from ingest.live.beat import BEAT_US, Beat
from ingest.live.buffer import Buffer, Closed, Event, Line, Lost, Opened, Resumed
from ingest.live.clock_watch import ClockWatch
from ingest.live.leaving import wait_until_queued
from ingest.live.letters import Letters
from ingest.live.progress import DIED, Progress
from ingest.live.redis_record import gap_notes, new_record, through_note
from ingest.live.selection import Rejected, Selection
from ingest.live.spill import Spill
from ingest.live.spilling_buffer import SpillingBuffer
from ingest.live.state import LeaseLost, LiveState
from ingest.queue.envelope import Envelope
from ingest.queue.notes import Gap
from ingest.queue.patience import GaveUp
from ingest.queue.posts_queue import PostsQueue
from ingest.sources.base import Clock

THROUGH_EVERY_US = 10_000_000
STOPPED = "stopped"

log = structlog.get_logger("collector")


class Collector:
    """A Sink for a source. In this run, `connected` says whether it was ever up, and `trouble` what ended it last.

    `start` starts the thread that fills the queue; `finish` waits until all messages that were taken are queued.

    While Redis is down or full, the collector waits and the buffer fills. With a `spill`, a file on disk, messages go
    there once the buffer is half full. Lines that find no room are dropped and counted, and a gap is recorded.
    """

    def __init__(  # noqa: PLR0913 - the command and the tests choose each of these parts
        self,
        queue: PostsQueue,
        selection: Selection,
        topic: str,
        source: str,
        clock: Clock,
        *,
        archive: Archive | None = None,
        limit_bytes: int = DEFAULTS.live_buffer_bytes,
        spill: Spill | None = None,
        queue_limit: int = DEFAULTS.live_queue_limit,
        batch: int = DEFAULTS.publish_batch,
        on_batch: Callable[["Collector"], None] = lambda _: None,
    ) -> None:
        self._progress = Progress(LiveState(topic, source, record=new_record()))
        self.failure: PulsoError | None = None
        self.connected, self.trouble = False, ""
        self.buffer: Buffer = SpillingBuffer(limit_bytes, spill) if spill else Buffer(limit_bytes)
        self.clock = clock
        self._queue, self._selection, self._archive = queue, selection, archive
        self._queue_limit, self._batch = queue_limit, batch
        self._on_batch = on_batch
        self._letters = Letters(queue, source)
        self._notes: list[Gap] = []
        self._unarchived = self._through_told_us = 0
        self._queued_us: int | None = None
        self._reached_us: int | None = None
        self._missed_us: int | None = None
        self._clock_watch = ClockWatch(topic, source, clock, self.buffer, self._plays_back)
        self._finishing, self._leaving = threading.Event(), threading.Event()
        self._beat = Beat(queue, self.state, self._leaving)
        self._thread = threading.Thread(target=self._publish, name="publisher", daemon=True)

    @property
    def state(self) -> LiveState:
        """The state of the collection, as it is in Redis after each batch."""
        return self._progress.state

    # Called by the source, on its own thread.

    def opened(self) -> None:
        """Records that the connection is up."""
        now = self._now()
        if self._reached_us is None:
            self.buffer.hear(now)
        self.connected, self._missed_us = True, None
        self.buffer.put(Opened(now))

    def resumed(self, since: datetime) -> None:
        """Records that the connection is up, and that the source will send all messages from after `since`."""
        self.connected, self._missed_us = True, None
        self.buffer.put(Resumed(self._now(), micros(since)))

    def missed_since(self) -> datetime | None:
        """Returns since when messages are missed: the last sign of life, in this run or an earlier one."""
        return None if self._missed_us is None else instant(self._missed_us)

    def take(self, line: bytes, at_us: int | None = None) -> bool:
        """Takes one message; returns whether the buffer had room.

        A source that plays back passes the message's time as `at_us`.
        """
        place = self._now() if at_us is None else at_us
        taken = self.buffer.put_line(Line(place, line), playback=at_us is not None)
        if taken and at_us is not None:
            self._reached_us = at_us
        return taken

    def heard(self) -> None:
        """Records a sign of life."""
        if self._reached_us is None:
            self.buffer.hear(self._now())

    def closed(self, reason: str) -> None:
        """Records that the connection has ended; the gap starts at the last sign of life."""
        self.trouble = reason
        if self._missed_us is None:
            self._missed_us = self.buffer.heard_us
        self._close(reason)

    def lost(self, reason: str, estimate: int | None = None) -> None:
        """Records that the network left out posts since the last sign of life; `estimate` is their number, if known."""
        now = self._now()
        self.buffer.put(Lost(self.buffer.heard_us or now, now, reason, estimate))
        self.buffer.hear(now)

    def reached_us(self) -> int | None:
        """Returns the time, in µs, from which a playback must continue; None before the first message."""
        return self._reached_us

    # Called by the command.

    def start(self) -> None:
        """Takes the lease, records the gap since the last run, and starts the queueing thread.

        What a collector that died has left on disk is queued first. Raises PulsoError when another process collects the
        same topic from the same source, and Redis's errors when Redis is down.
        """
        self.buffer.open()
        self._beat.take(self.clock.stopping)
        self._queue.ensure_group()
        now = self._now()
        before = self._beat.record.read(now)
        state = before or self.state
        left = self.buffer.recover(state.queued, state.through_us)
        self._progress = Progress(state)
        self._notes = self._progress.go_on(now, left) if before else self._progress.begin(now, left)
        self._missed_us = self._progress.missed_us(left)
        if left is not None:
            self.buffer.put(Closed(min(left.last_us, now), DIED, died=True))
        self._unarchived, self._queued_us, self._reached_us = state.unarchived, state.through_us, state.reached_us
        if state.reached_us is not None:
            self.buffer.hear(state.reached_us)
        self._thread.start()
        self._clock_watch.start()

    def finish(self, reason: str = STOPPED) -> None:
        """Queues all remaining messages, opens a gap with this reason, and releases the lease.

        While Redis is down or full, waits, unless all that is left can be kept on disk: then `failure` says where.
        """
        self._clock_watch.stop()
        self._close(reason)
        self.buffer.settle(self._now())
        self._finishing.set()
        self.failure = wait_until_queued(self._thread, self.buffer, self._leaving) or self.failure
        if not self._thread.is_alive():
            self.buffer.close()
        if not self._leaving.is_set():
            with suppress(redis.RedisError):  # all is queued, and the lease ends by itself
                self._beat.lease.release()

    # Called on the publishing thread.

    def _publish(self) -> None:
        try:
            while True:
                finishing = self._finishing.is_set()
                events, heard_us = self.buffer.get(self._batch, wait_seconds=0.2)
                last = finishing and not events and self.buffer.is_empty
                self._queue_events(events, heard_us, last=last)
                if last:
                    return
        except GaveUp:
            log.warning("Redis takes no messages: they are left to the next start", topic=self.state.topic)
        except Exception as error:  # whatever it is: a process that looks alive and queues nothing is the worst
            self._fail(error)
        finally:
            if self._archive:
                self._archive.close()

    def _fail(self, error: Exception) -> None:
        """Ends the collection, and records a gap from where the messages in the queue end, if Redis takes it."""
        what = f"collection stopped by an error: {one_line(error)}"
        self.failure = error if isinstance(error, PulsoError) else PulsoError(what, "What was not queued is a gap")
        self.clock.stop()
        log.error("collection failed", topic=self.state.topic, error=str(self.failure), at=place_of(error))
        if isinstance(error, LeaseLost):
            return
        gaps = self._progress.fail(self._queued_us, self._now())
        with suppress(Exception):
            self._queue.add(gap_notes(self.state, gaps), self._also())

    def _queue_events(self, events: list[Event], heard_us: int | None, *, last: bool) -> None:
        """Queues in one transaction: a batch's wanted messages, its gaps, and the time up to which all is queued."""
        now = self._now()
        if not events and not last and not self._notes and not is_due(self.state.beat_us, now, BEAT_US):
            return
        envelopes, letters = list[Envelope](), list[tuple[Envelope, str]]()
        notes, self._notes = [*self._notes, *self._look_after(events, now, last=last)], []
        for event in events:
            if isinstance(event, Line):
                self._select(event, envelopes, letters)
            else:
                notes += self._progress.note(event)
        notes += self._progress.advance(events, heard_us, plays_back=self._plays_back())
        envelopes += gap_notes(self.state, notes)
        envelopes += self._told_through(now, last=last)
        self._store(envelopes, letters, now)
        self._progress.log(notes)
        self._on_batch(self)

    def _look_after(self, events: list[Event], now: int, *, last: bool) -> list[Gap]:
        """Holds the lease; if Redis was emptied, returns the rows of the gap that this makes.

        What was queued may be lost. `events`, and all that waits behind them, come after these rows.
        """
        if not self._beat.finds_record_lost(self.state, now, last=last):
            return []
        log.warning("Redis was emptied: what it held and no worker had stored is lost", topic=self.state.topic)
        self._beat.record.begin(self.state)
        all_is_queued = not events and self.buffer.is_empty
        return self._progress.begin_record(now if all_is_queued else min(self.state.through_us or now, now))

    def _told_through(self, now: int, *, last: bool) -> list[Envelope]:
        """Returns a note of how far all is queued, if one is due.

        None while only the last such note says where the open gap starts.
        """
        through_us, is_time = self.state.through_us, last or is_due(self._through_told_us, now, THROUGH_EVERY_US)
        if through_us is None or not is_time or self._progress.starts_in_doubt:
            return []
        self._through_told_us = now
        return [through_note(self.state, through_us)]

    def _store(self, envelopes: list[Envelope], letters: list[tuple[Envelope, str]], now: int) -> None:
        self.state.beat_us = now
        self.state.refused += len(letters)
        if self._archive and not envelopes:
            self._archive.flush()
        patiently = self._beat.patiently
        patiently(partial(self._letters.keep, self._letters.sampled(letters, now)))
        backlog = patiently(partial(self._queue.add, envelopes, self._also()))
        self._beat.record.was_written()
        self._queued_us = self.state.through_us
        while not (patiently(partial(self._queue.has_room, backlog, self._queue_limit)) or self._finishing.wait(0.05)):
            now = self._now()
            self._beat.keep(now)
            self._note_sizes()
            self._beat.tell(self.state, now)
            backlog = patiently(self._queue.backlog)

    def _also(self) -> list[tuple[str, str, bytes]]:
        """Returns the state as what `PostsQueue.add` sets beside messages."""
        self._note_sizes()
        return self._beat.record.also(self.state)

    def _note_sizes(self) -> None:
        """Sets the parts of the state that the archive and the buffer know."""
        self.state.unarchived = self._unarchived + (self._archive.missed if self._archive else 0)
        self.state.queued, self.state.spilled = self.buffer.position, self.buffer.spilled

    def _select(self, event: Line, envelopes: list[Envelope], letters: list[tuple[Envelope, str]]) -> None:
        parts = list(self._selection.of(event.line))
        accepted = [part for part in parts if not isinstance(part, Rejected)]
        letters += [(part.envelope, part.reason) for part in parts if isinstance(part, Rejected)]
        envelopes += accepted
        self.state.received += 1
        self.state.accepted += len(accepted)
        self._selection.count_in(self.state)
        if self._archive and accepted:
            self._archive.add(event.at_us, event.line)

    def _plays_back(self) -> bool:
        return self._reached_us is not None

    def _close(self, reason: str) -> None:
        self.buffer.put(Closed(self.buffer.heard_us or self._now(), reason))

    def _now(self) -> int:
        return micros(self.clock.now())
