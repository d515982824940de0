"""The live source, the sink that it reports to, and the clock that both use."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol


class Sink(Protocol):
    """Where a source reports. Every call returns at once, so the network is never made to wait."""

    def opened(self) -> None:
        """Reports that the connection is up, and that everything from now on will come. Ends an open gap."""

    def resumed(self, since: datetime) -> None:
        """Reports that the connection is up, and that everything after `since` will come, since the source plays back.

        A gap that began after `since` is thereby filled; one that began before it ends at `since`.
        """

    def take(self, line: bytes, at_us: int | None = None) -> bool:
        """Takes one message as it came, without its line end; returns whether it was taken.

        `at_us` is the message's time, in µs since 1970 by the network's clock, from a source that plays back. If such a
        message is refused, the source must play it back later. A message that any other source offers is lost if it is
        refused; the sink records the loss.
        """
        ...

    def reached_us(self) -> int | None:
        """Returns the `at_us` of the last message taken, in this run or an earlier one; None if there is none."""

    def heard(self) -> None:
        """Reports a sign of life without content."""

    def closed(self, reason: str) -> None:
        """Reports that the connection has ended, with the reason in a few words. A gap begins at the last sign of life.

        One call is enough: until the next `opened`, further calls change nothing.
        """

    def lost(self, reason: str, estimate: int | None = None) -> None:
        """Reports that the network left out posts while connected; `estimate` is how many, if the network says so."""


class Source(Protocol):
    """One network. `run` stays connected as the network asks, and returns once the clock is stopped.

    It raises PulsoError, with the fix, when trying again can't help (a bad token, no rules).
    """

    name: str

    def run(self, sink: Sink) -> None:
        """Collects until the clock is stopped."""


@dataclass
class Clock:
    """The time as a source sees it; tests use another one. A signal handler sets `stopping`."""

    stopping: threading.Event = field(default_factory=threading.Event)

    def now(self) -> datetime:
        """Returns the present time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Returns seconds on a clock that never goes back."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Waits for `seconds`; returns True, at once, when asked to stop."""
        return self.stopping.wait(seconds)

    def stop(self) -> None:
        """Asks every user of this clock to stop."""
        self.stopping.set()

    @property
    def stopped(self) -> bool:
        """Whether this clock's users must stop."""
        return self.stopping.is_set()
