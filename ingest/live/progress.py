"""How far a collection has come: what each event means for its state, and for its gaps."""

from collections.abc import Iterable, Sequence
from itertools import chain

import structlog

from ingest.live.buffer import Closed, Event, Line, Lost, Opened, Resumed, SetBack, Shed, Shedding
from ingest.live.gap_keeper import CONNECTION, SHED, SHEDDING, GapKeeper
from ingest.live.left import Left
from ingest.live.selection import FILLING
from ingest.live.state import LiveState
from ingest.queue.notes import Gap

DIED = "the collector died"
FAILED = "the collector failed"

log = structlog.get_logger("collector")


class Progress:
    """A collection's state, which events change, and its open gap. Methods return the rows of gaps to write."""

    def __init__(self, state: LiveState) -> None:
        self.state = state
        self._gaps = GapKeeper(state.gap)

    def begin(self, now: int, left: Left | None) -> list[Gap]:
        """Begins where Redis has no record of an earlier run.

        What Redis held may be lost, but not what a dead process has left on disk. If that begins with a message, all
        was collected from then on; but a source that fills gaps takes messages before its connection counts as up.
        """
        self.state.up = left is not None and left.begins_up and self.state.source not in FILLING
        return self.begin_record(now if left is None else min(left.first_us, now))

    def go_on(self, now: int, left: Left | None) -> list[Gap]:
        """Goes on after an earlier run. What a dead process has left on disk ends with its own end."""
        if left is not None:
            return []
        begun = self._gaps.begin(CONNECTION, min(self.state.through_us or now, now), DIED)
        return self._kept([*begun, *self._gaps.end(SHEDDING, now)])

    def missed_us(self, left: Left | None) -> int | None:
        """Returns since when messages are missed at a start; None if that is unknown."""
        gap = self._gaps.gap
        down_us = gap.start_us if gap and CONNECTION in gap.causes and not gap.first else None
        return down_us if left is None else left.missed_us(down_us)

    def begin_record(self, at_us: int) -> list[Gap]:
        """Lets a new record begin: all messages after `at_us` come after this row in the queue."""
        return self._kept(self._gaps.begin_record(at_us, up=self.state.up))

    @property
    def starts_in_doubt(self) -> bool:
        """Whether a gap is open of which only Cassandra knows where it starts: where the last note said it had come."""
        gap = self._gaps.gap
        return gap is not None and gap.first

    def fail(self, queued_us: int | None, now: int) -> list[Gap]:
        """Ends the collection where the messages in the queue end."""
        self.state.through_us, self.state.up = queued_us, False
        return self._kept(self._gaps.begin(CONNECTION, queued_us or now, FAILED))

    def note(self, event: Event) -> list[Gap]:
        """Takes an event that is not a line into account."""
        return self._kept(self._rows(event))

    def advance(self, events: Sequence[Event], heard_us: int | None, *, plays_back: bool) -> list[Gap]:
        """Moves `through_us` to the time of the last line, or to `heard_us`.

        `heard_us` is None while events are left. It counts only while the connection is up. Times from before the clock
        was set back do not count.
        """
        places = list[int]()
        for event in events:
            if isinstance(event, SetBack):
                places = []
            elif isinstance(event, Line):
                places.append(event.at_us)
        if places and plays_back:
            self.state.reached_us = places[-1]
        if heard_us is not None and self.state.up:
            places.append(heard_us)
        if not places:
            return []
        self.state.through_us = max([self.state.through_us or 0, *places])
        return self._kept(self._gaps.reached(places[-1]))

    def log(self, notes: Iterable[Gap]) -> None:
        """Logs gaps, and counts those that have ended."""
        for gap in notes:
            if gap.end is None:
                tell = log.info if gap.first else log.warning  # only Cassandra knows whether a first one is a gap
                tell("gap", topic=self.state.topic, source=self.state.source, since=gap.start, reason=gap.reason)
            elif not gap.first:
                self.state.gaps += 1
                seconds = (gap.end - gap.start).total_seconds()
                self.state.gap_us += round(seconds * 1e6)
                log.info("gap closed", source=self.state.source, since=gap.start, seconds=seconds, lost=gap.lost)

    def _rows(self, event: Event) -> Iterable[Gap]:
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
            case SetBack(at_us):
                self.state.through_us = min(self.state.through_us or at_us, at_us)
            case Shedding(at_us):
                return self._gaps.begin(SHEDDING, at_us, SHED)
            case Shed(at_us, lines):
                self.state.shed += lines
                return self._gaps.end(SHEDDING, at_us, self._posts_in(lines))
        return ()

    def _kept(self, rows: Iterable[Gap]) -> list[Gap]:
        """Returns the rows, after which the state has the open gap."""
        made = list(rows)
        self.state.gap = self._gaps.gap
        return made

    def _came_up(self) -> None:
        self.state.up = True
        self.state.connects += 1

    def _posts_in(self, lines: int) -> int:
        """Returns how many of `lines` would have been accepted, at the rate of acceptance up to now."""
        return round(lines * self.state.accepted / self.state.received) if self.state.received else lines
