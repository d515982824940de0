"""Turns a connection's events into rows of `collection_gaps`, one for each time span in which messages were missed."""

from collections.abc import Iterator

import msgspec

from conf.instants import instant
from ingest.queue.notes import Gap

CONNECTION, SHEDDING = "connection", "shedding"
SHED = "shedding: Redis was full or down, and the collector's buffer was full"


NO_RECORD = "Redis has no record of an earlier collection"


class OpenGap(msgspec.Struct):
    """A gap that has not ended.

    It has a start, the causes that keep it open, all reasons so far, and the number of lost posts, if known. While the
    source plays back the missed messages, `since_us` is the time from which it sends them, and `until_us` the time that
    it must reach. Times are in µs. With `first`, Redis does not know where the gap starts (`ingest/queue/notes.py`).
    """

    start_us: int
    causes: list[str]
    reasons: list[str]
    lost: int | None = None
    since_us: int | None = None
    until_us: int | None = None
    first: bool = False

    def row(self, end_us: int | None) -> Gap:
        """Returns the gap as a row; with `end_us` None it has not ended."""
        end = None if end_us is None else instant(end_us)
        return Gap(instant(self.start_us), end, "; ".join(self.reasons), self.lost, self.first)


class GapKeeper:
    """Keeps at most one gap open.

    The methods yield rows to write; a row replaces an earlier row with the same start.
    """

    def __init__(self, gap: OpenGap | None = None) -> None:
        self.gap = gap

    def begin(self, cause: str, at_us: int, reason: str) -> Iterator[Gap]:
        """Opens a gap at `at_us`, or adds a cause to the open gap."""
        yield from self._interrupt()
        if self.gap is None:
            self.gap = OpenGap(at_us, [cause], [reason])
            yield self.gap.row(None)
        elif cause not in self.gap.causes:
            self.gap.causes.append(cause)
            if reason not in self.gap.reasons:
                self.gap.reasons.append(reason)
                yield self.gap.row(None)

    def begin_record(self, at_us: int, *, up: bool) -> Iterator[Gap]:
        """Records that Redis has no record of what was collected until now; with `up`, collection goes on.

        An open gap goes on; where it starts is unknown from now on.
        """
        if self.gap is None:
            self.gap = OpenGap(at_us, [CONNECTION], [NO_RECORD])
        self.gap.first = True
        yield self.gap.row(None)
        if up:
            yield from self.end(CONNECTION, at_us)

    def end(self, cause: str, at_us: int, lost: int | None = None) -> Iterator[Gap]:
        """Removes a cause; if no cause is left, the gap ends at `at_us`.

        `lost` is added to the gap's number of lost posts.
        """
        gap = self.gap
        if gap is None or cause not in gap.causes:
            return
        gap.causes.remove(cause)
        if lost is not None:
            gap.lost = (gap.lost or 0) + lost
        if not gap.causes:
            self.gap = None
            yield gap.row(max(at_us, gap.start_us))

    def play_back(self, since_us: int, until_us: int) -> None:
        """Records that the source will send all messages from after `since_us`; `until_us` is the time now."""
        if self.gap is not None and CONNECTION in self.gap.causes:
            self.gap.since_us, self.gap.until_us = since_us, until_us

    def reached(self, at_us: int) -> Iterator[Gap]:
        """Records that all messages up to `at_us` are queued.

        A gap that is played back ends when `at_us` reaches its `until_us`.
        """
        gap = self.gap
        if gap is not None and gap.until_us is not None and at_us >= gap.until_us:
            yield from self._filled(gap)

    def note(self, from_us: int, at_us: int, reason: str, lost: int | None) -> Iterator[Gap]:
        """Yields a gap between two moments when the connection was up; yields nothing if a gap is already open."""
        if self.gap is None:
            yield OpenGap(from_us, [], [reason], lost).row(at_us)

    def _interrupt(self) -> Iterator[Gap]:
        """Ends a gap whose playback broke off: it is filled as far as playback came, and the rest becomes a new gap."""
        if self.gap is not None and self.gap.until_us is not None:
            yield from self._filled(self.gap)

    def _filled(self, gap: OpenGap) -> Iterator[Gap]:
        """Ends the gap at the time from which playback delivered, or at its own start if playback covered all of it."""
        gap.causes.remove(CONNECTION)
        end_us = max(gap.since_us or 0, gap.start_us)
        gap.since_us = gap.until_us = None
        if not gap.causes:
            self.gap = None
        if end_us == gap.start_us and not gap.first:
            gap.reasons.append("filled by playback")
        yield gap.row(end_us if not gap.causes else None)
