"""From what happens to a connection to rows of `collection_gaps`: one row for each time that something was missed."""

from collections.abc import Iterator

import msgspec

from conf.instants import instant
from ingest.queue.notes import Gap

CONNECTION, SHEDDING = "connection", "shedding"
SHED = "shedding: the queue was full or down for longer than memory lasts"


class OpenGap(msgspec.Struct):
    """A gap that lasts: since when, what keeps it open, every reason there was, and what was lost so far.

    While it is being filled by playback, `since_us` is from when, and `until_us` the time that playback must reach.
    """

    start_us: int
    causes: list[str]
    reasons: list[str]
    lost: int | None = None
    since_us: int | None = None
    until_us: int | None = None

    def row(self, end_us: int | None) -> Gap:
        """The gap as a row."""
        end = None if end_us is None else instant(end_us)
        return Gap(instant(self.start_us), end, "; ".join(self.reasons), self.lost)


class GapKeeper:
    """At most one gap is open at a time. Each call yields the rows to write, a later one in place of an earlier."""

    def __init__(self, gap: OpenGap | None = None) -> None:
        self.gap = gap

    def begin(self, cause: str, at_us: int, reason: str) -> Iterator[Gap]:
        """Something is missed from now on, or for one more reason."""
        yield from self._interrupt()
        if self.gap is None:
            self.gap = OpenGap(at_us, [cause], [reason])
            yield self.gap.row(None)
        elif cause not in self.gap.causes:
            self.gap.causes.append(cause)
            if reason not in self.gap.reasons:
                self.gap.reasons.append(reason)
                yield self.gap.row(None)

    def end(self, cause: str, at_us: int, lost: int | None = None) -> Iterator[Gap]:
        """That cause is gone; the gap ends when it was the last one."""
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
        """The connection is up again and gives what happened after `since_us`; `until_us` is now."""
        if self.gap is not None and CONNECTION in self.gap.causes:
            self.gap.since_us, self.gap.until_us = since_us, until_us

    def reached(self, at_us: int) -> Iterator[Gap]:
        """Everything up to then is queued; a gap that is being filled may be full."""
        gap = self.gap
        if gap is not None and gap.until_us is not None and at_us >= gap.until_us:
            yield from self._filled(gap)

    def note(self, from_us: int, at_us: int, reason: str, lost: int | None) -> Iterator[Gap]:
        """Something was missed between two moments, with the connection up."""
        if self.gap is None:
            yield OpenGap(from_us, [], [reason], lost).row(at_us)

    def _interrupt(self) -> Iterator[Gap]:
        """Playback that did not come to its end has filled the gap as far as it came; the rest is a gap of its own."""
        if self.gap is not None and self.gap.until_us is not None:
            yield from self._filled(self.gap)

    def _filled(self, gap: OpenGap) -> Iterator[Gap]:
        """Ends the gap where playback began, or at its own start when that lies within what was played back."""
        gap.causes.remove(CONNECTION)
        end_us = max(gap.since_us or 0, gap.start_us)
        gap.since_us = gap.until_us = None
        if not gap.causes:
            self.gap = None
        if end_us == gap.start_us:
            gap.reasons.append("filled by playback")
        yield gap.row(end_us if not gap.causes else None)
