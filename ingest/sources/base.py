"""What a live source is, what it reports to, and the clock that both go by."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol


class Sink(Protocol):
    """Where a source reports. Every call returns at once: the network is never made to wait."""

    def opened(self) -> None:
        """The connection is up: what the network has from now on comes through. Closes an open gap."""

    def resumed(self, since: datetime) -> None:
        """As `opened`, for a source that plays back: everything after `since` comes through, so that a gap
        which began later than that is filled, and one that began earlier ends at `since`."""

    def take(self, line: bytes, at_us: int | None = None) -> bool:
        """One message as it came, without its line end, and whether it was taken.

        A source that plays back says when it happened, in µs by the network's clock; what it then is refused it is
        to play back later. What any other source is refused is lost, and noted as such.
        """
        ...

    def reached_us(self) -> int | None:
        """The `at_us` of the last message taken, in this run or the one before; None where there is none."""

    def heard(self) -> None:
        """A sign of life without content."""

    def closed(self, reason: str) -> None:
        """The connection is gone, and why, in a few words: a gap begins at the last thing heard. Once is enough;
        later calls before `opened` change nothing."""

    def lost(self, reason: str, estimate: int | None = None) -> None:
        """The network says that it left posts out while connected (a limit notice), and how many if it says."""


class Source(Protocol):
    """One network. `run` stays until `clock.stop` and keeps connected as the network asks.

    Raises PulsoError when going on makes no sense (a bad token, no rules), with the fix.
    """

    name: str

    def run(self, sink: Sink) -> None:
        """Collects until the clock says stop."""


@dataclass
class Clock:
    """Time as a source sees it, so that tests can inject it. `stopping` is set from a signal handler."""

    stopping: threading.Event = field(default_factory=threading.Event)

    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Waits, or returns True at once when asked to stop."""
        return self.stopping.wait(seconds)

    def stop(self) -> None:
        """Asks whoever goes by this clock to stop."""
        self.stopping.set()

    @property
    def stopped(self) -> bool:
        """Whether to stop."""
        return self.stopping.is_set()
