"""The live source, the sink that it reports to, and the clock that both use."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

_RUNS_ON: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class Sink(Protocol):
    """Where a source reports. Every call returns at once, so the network is never made to wait."""

    def opened(self) -> None:
        """Reports that the connection is up, and that all messages from now on will be received. Ends an open gap."""

    def resumed(self, since: datetime) -> None:
        """Reports that the connection is up, and that the source will also send the messages from after `since`.

        So a gap that began after `since` is filled completely; a gap that began earlier ends at `since`.
        """

    def take(self, line: bytes, at_us: int | None = None) -> bool:
        """Takes one message as it came, without its line end; returns whether it was taken.

        `at_us` is the message's time, in µs since 1970 by the network's clock, from a source that plays back. If such a
        message is refused, the source must send it again later. If a message of any other source is refused, it is
        lost; the sink records this.
        """
        ...

    def reached_us(self) -> int | None:
        """Returns the `at_us` of the last message taken, in this run or an earlier one; None if there is none."""

    def missed_since(self) -> datetime | None:
        """Returns since when messages are missed; None while the connection is up, and before the first one.

        A source that can fetch missed messages asks for this when it has a connection again, before `resumed`.
        """
        ...

    def heard(self) -> None:
        """Reports a sign of life without content."""

    def closed(self, reason: str) -> None:
        """Reports that the connection has ended, with the reason in a few words. A gap begins at the last sign of life.

        Until the next `opened` or `resumed`, further calls have no effect.
        """

    def lost(self, reason: str, estimate: int | None = None) -> None:
        """Reports that the network left out posts while connected; `estimate` is their number, if known."""


class Source(Protocol):
    """One network. `run` stays connected as the network asks, and returns once the clock is stopped.

    It raises PulsoError, with the fix, if trying again does not help (a bad token, no rules).
    """

    name: str

    def run(self, sink: Sink) -> None:
        """Collects until the clock is stopped."""


@dataclass
class Clock:
    """The clock of a source; tests replace it. A signal handler sets `stopping`."""

    stopping: threading.Event = field(default_factory=threading.Event)

    def now(self) -> datetime:
        """Returns the present time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Returns seconds on a clock that never goes back."""
        return time.monotonic()

    def elapsed(self) -> float:
        """Returns seconds on a clock that runs on while the machine sleeps, and that nobody sets, if there is one."""
        return time.clock_gettime(_RUNS_ON) if _RUNS_ON is not None else time.time()

    def wait(self, seconds: float) -> bool:
        """Waits for `seconds`, or until asked to stop; returns True in the second case."""
        return self.stopping.wait(seconds)

    def stop(self) -> None:
        """Asks every user of this clock to stop."""
        self.stopping.set()

    @property
    def stopped(self) -> bool:
        """Whether this clock's users must stop."""
        return self.stopping.is_set()
