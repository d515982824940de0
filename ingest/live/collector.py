"""The collector takes messages from a source without waiting; a second thread queues them, and notes about gaps."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain

import msgspec
import redis
import structlog

from conf.errors import PulsoError, one_line, place_of
from conf.instants import instant, micros
from conf.settings import DEFAULTS
from ingest.live.archive import Archive
from ingest.live.buffer import Buffer, Closed, Event, Line, Lost, Opened, Resumed, Shed, Shedding
from ingest.live.gap_keeper import CONNECTION, SHED, SHEDDING, GapKeeper
from ingest.live.leaving import wait_until_queued
from ingest.live.selection import SELECTING, Rejected, Selection
from ingest.live.spill import Spill
from ingest.live.spilling_buffer import SpillingBuffer
from ingest.live.standstill import Standstill
from ingest.live.state import Lease, LeaseLost, LiveKeys, LiveState, read_states
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope
from ingest.queue.notes import BEGINNING, Gap, gap_message, through_message
from ingest.queue.patience import REDIS_PASSING, GaveUp, Patience
from ingest.queue.posts_queue import PostsQueue, QueueFull
from ingest.sources.base import Clock

THROUGH_EVERY_US = 10_000_000
BEAT_US = 5_000_000
LETTERS_A_MINUTE = 60
"""Dead letters that are kept of a network that sends everything: most of what can't be read there nobody asked for."""
NEVER_BEFORE = "not collected before"
DIED = "the collector died"
FAILED = "the collector failed"
STOOD_STILL = "the collector stood still"
STOPPED = "stopped"

log = structlog.get_logger("collector")


class Collector:
    """A Sink for a source.

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
        self.state = LiveState(topic, source)
        self.failure: PulsoError | None = None
        self.buffer: Buffer = SpillingBuffer(limit_bytes, spill) if spill else Buffer(limit_bytes)
        self.clock = clock
        self._queue, self._selection, self._archive = queue, selection, archive
        self._queue_limit, self._batch = queue_limit, batch
        self._on_batch = on_batch
        self._lease = Lease(queue.client, queue.stream, topic, source)
        self._dead_letters = DeadLetters(queue)
        self._gaps = GapKeeper()
        self._notes: list[Gap] = []
        self._letters_from_us = self._letters_kept = self._unarchived = 0
        self._queued_us: int | None = None
        self._reached_us: int | None = None
        self._through_told_us = self._renewed_us = 0
        self._standstill = Standstill(clock, self._stood_still)
        self._finishing, self._leaving = threading.Event(), threading.Event()
        self._patiently = Patience(REDIS_PASSING, self._leaving, on_wait=self._hold_lease)
        self._thread = threading.Thread(target=self._publish, name="publisher", daemon=True)

    # Called by the source, on its own thread.

    def opened(self) -> None:
        """Records that the connection is up."""
        now = self._now()
        if self._reached_us is None:
            self.buffer.hear(now)
        self.buffer.put(Opened(now))

    def resumed(self, since: datetime) -> None:
        """Records that the connection is up, and that the source will send all messages from after `since`."""
        self.buffer.put(Resumed(self._now(), micros(since)))

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
        self.buffer.put(Closed(self.buffer.heard_us or self._now(), reason))

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
        self._take_lease()
        self._queue.ensure_group()
        before = next((s for s in read_states(self._queue.client, self._queue.stream) if self._is_ours(s)), None)
        now = self._now()
        left_us = self.buffer.recover((before or self.state).queued, (before or self.state).through_us)
        if before is None:
            self._notes = list(self._gaps.begin(CONNECTION, micros(BEGINNING), NEVER_BEFORE))
        else:
            self.state = before
            self._unarchived, self._queued_us = before.unarchived, before.through_us
            self._reached_us = before.reached_us
            self._gaps = GapKeeper(before.gap)
            if left_us is None:
                self._notes = list(self._gaps.begin(CONNECTION, before.through_us or now, DIED))
                self._notes += self._gaps.end(SHEDDING, now)
        if left_us is not None:
            self.buffer.put(Closed(left_us, DIED, died=True))
        if self.state.reached_us is not None:
            self.buffer.hear(self.state.reached_us)
        self._thread.start()
        self._standstill.start()

    def _take_lease(self) -> None:
        """Takes the lease. Waits while Redis refuses writes, until this process is asked to stop."""
        try:
            Patience(REDIS_PASSING, self.clock.stopping)(self._lease.take)
        except GaveUp as error:
            raise PulsoError(f"Redis takes no messages ({error})", "Start again when it does") from None

    def finish(self, reason: str = STOPPED) -> None:
        """Queues all remaining messages, opens a gap with this reason, and releases the lease.

        While Redis is down or full, waits, unless all that is left can be kept on disk: then `failure` says where.
        """
        self._standstill.stop()
        self.closed(reason)
        self.buffer.settle(self._now())
        self._finishing.set()
        self.failure = wait_until_queued(self._thread, self.buffer, self._leaving) or self.failure
        if not self._thread.is_alive():
            self.buffer.close()
        if not self._leaving.is_set():
            self._lease.release()

    # Called on the thread that looks for standstills.

    def _stood_still(self, seconds: float) -> None:
        """Records a gap: what the network sent meanwhile may be lost. A source that plays back notices by itself."""
        log.warning("this process stood still", topic=self.state.topic, seconds=round(seconds, 1))
        if self._reached_us is None:
            now = self._now()
            self.buffer.put(Lost(now - round(seconds * 1e6), now, STOOD_STILL, None))

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
        log.error("collection failed", topic=self.state.topic, error=str(self.failure), at=place_of(error))
        self.clock.stop()
        if isinstance(error, LeaseLost):
            return
        self.state.through_us, self.state.up = self._queued_us, False
        gaps = list(self._gaps.begin(CONNECTION, self._queued_us or self._now(), FAILED))
        self.state.gap = self._gaps.gap
        with suppress(Exception):
            self._queue.add([gap_message(self.state.topic, self.state.source, gap) for gap in gaps], self._also())

    def _queue_events(self, events: list[Event], heard_us: int | None, *, last: bool) -> None:
        """Queues in one transaction: a batch's wanted messages, its gaps, and the time up to which all is queued."""
        now = self._now()
        if not events and not last and not self._notes and now - self.state.beat_us < BEAT_US:
            return
        envelopes, letters = list[Envelope](), list[tuple[Envelope, str]]()
        notes, self._notes = self._notes, []
        for event in events:
            if isinstance(event, Line):
                self._select(event, envelopes, letters)
            else:
                notes += self._note(event)
        notes += self._advance(events, heard_us)
        envelopes += [gap_message(self.state.topic, self.state.source, gap) for gap in notes]
        through_us = self.state.through_us
        if through_us is not None and (last or now - self._through_told_us >= THROUGH_EVERY_US):
            envelopes.append(through_message(self.state.topic, self.state.source, instant(through_us)))
            self._through_told_us = now
        self._log(notes)
        self._store(envelopes, letters, now)
        self._on_batch(self)

    def _store(self, envelopes: list[Envelope], letters: list[tuple[Envelope, str]], now: int) -> None:
        self.state.beat_us = now
        self.state.gap = self._gaps.gap
        self.state.refused += len(letters)
        if self._archive and not envelopes:
            self._archive.flush()
        self._keep_lease(now)
        self._patiently(partial(self._keep, self._sampled(letters, now)))
        backlog = self._patiently(partial(self._queue.add, envelopes, self._also()))
        self._queued_us = self.state.through_us
        while not self._queue.has_room(backlog, self._queue_limit) and not self._finishing.wait(0.05):
            self._keep_lease(self._now())
            self._tell_state()
            backlog = self._patiently(self._queue.backlog)

    def _keep_lease(self, now: int) -> None:
        if now - self._renewed_us >= BEAT_US:
            self._patiently(self._lease.renew)
            self._renewed_us = now

    def _hold_lease(self) -> None:
        """Before each wait for Redis: the lease may be about to end. Raises LeaseLost."""
        with suppress(redis.RedisError):
            self._lease.renew()

    def _tell_state(self) -> None:
        """While nothing may be queued, `status` still shows that this collector is alive, and what is on disk."""
        now = self._now()
        if now - self.state.beat_us >= BEAT_US:
            self.state.beat_us = now
            with suppress(redis.RedisError, QueueFull):
                self._queue.add((), self._also())

    def _also(self) -> tuple[str, str, bytes]:
        """Returns the state as what `PostsQueue.add` sets beside messages."""
        self.state.unarchived = self._unarchived + (self._archive.missed if self._archive else 0)
        self.state.queued, self.state.spilled = self.buffer.position, self.buffer.spilled
        name = f"{self.state.topic}|{self.state.source}"
        return LiveKeys(self._queue.stream).states, name, msgspec.json.encode(self.state)

    def _sampled(self, letters: list[tuple[Envelope, str]], now: int) -> list[tuple[Envelope, str]]:
        """Returns the letters to keep: all of a source that selects, and some a minute of one that sends everything."""
        if self.state.source in SELECTING:
            return letters
        if now - self._letters_from_us >= 60_000_000:
            self._letters_from_us, self._letters_kept = now, 0
        kept = letters[: LETTERS_A_MINUTE - self._letters_kept]
        self._letters_kept += len(kept)
        return kept

    def _keep(self, letters: list[tuple[Envelope, str]]) -> None:
        """Keeps letters, but not beyond their limit: what strangers send must not end the collection."""
        if letters and not self._dead_letters.is_full():
            self._dead_letters.add(letters)

    def _select(self, event: Line, envelopes: list[Envelope], letters: list[tuple[Envelope, str]]) -> None:
        self.state.received += 1
        accepted = 0
        for part in self._selection.of(event.line):
            if isinstance(part, Rejected):
                letters.append((part.envelope, part.reason))
            else:
                envelopes.append(part)
                accepted += 1
        self.state.accepted += accepted
        if self._archive and accepted:
            self._archive.add(event.at_us, event.line)

    def _note(self, event: Event) -> Iterable[Gap]:
        """Tells the gap keeper of an event; returns the gap rows to write."""
        match event:
            case Opened(at_us):
                self._came_up()
                return self._gaps.end(CONNECTION, at_us)
            case Resumed(at_us, since_us):
                self._came_up()
                self._gaps.play_back(since_us, at_us)
            case Closed(at_us, reason, died):
                self.state.up = False
                ended = self._gaps.end(SHEDDING, at_us) if died else ()
                return chain(self._gaps.begin(CONNECTION, at_us, reason), ended)
            case Lost(from_us, at_us, reason, estimate):
                return self._gaps.note(from_us, at_us, reason, estimate)
            case Shedding(at_us):
                return self._gaps.begin(SHEDDING, at_us, SHED)
            case Shed(at_us, lines):
                self.state.shed += lines
                return self._gaps.end(SHEDDING, at_us, self._posts_in(lines))
        return ()

    def _came_up(self) -> None:
        self.state.up = True
        self.state.connects += 1

    def _posts_in(self, lines: int) -> int:
        """Returns how many of `lines` would have been accepted, at the rate of acceptance up to now."""
        return round(lines * self.state.accepted / self.state.received) if self.state.received else lines

    def _advance(self, events: Sequence[Event], heard_us: int | None) -> Iterable[Gap]:
        """Moves `through_us` to the time of the last line, or to `heard_us`; returns the rows of gaps that this closes.

        `heard_us` is None while events are left. It counts only while the connection is up.
        """
        places = [event.at_us for event in events if isinstance(event, Line)]
        if places and self._reached_us is not None:
            self.state.reached_us = places[-1]
        if heard_us is not None and self.state.up:
            places.append(heard_us)
        if not places:
            return ()
        self.state.through_us = max([self.state.through_us or 0, *places])
        return self._gaps.reached(places[-1])

    def _log(self, notes: Iterable[Gap]) -> None:
        for gap in notes:
            if gap.end is None:
                log.warning("gap", topic=self.state.topic, source=self.state.source, since=gap.start, reason=gap.reason)
            else:
                self.state.gaps += 1
                seconds = (gap.end - gap.start).total_seconds()
                self.state.gap_us += round(seconds * 1e6) if gap.start > BEGINNING else 0
                log.info("gap closed", source=self.state.source, since=gap.start, seconds=seconds, lost=gap.lost)

    def _is_ours(self, state: LiveState) -> bool:
        return (state.topic, state.source) == (self.state.topic, self.state.source)

    def _now(self) -> int:
        return micros(self.clock.now())
