"""Doubles for a live source in tests: a clock that waits in no time, and a sink that keeps everything."""

import threading
from datetime import UTC, datetime, timedelta

from ingest.sources.base import Clock

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PATIENCE = 10.0


class FakeClock(Clock):
    """Notes each wait, and moves its time forward at once; stops after `most_waits` waits."""

    def __init__(self, most_waits: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._most = most_waits
        self._passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self._passed += seconds
        if len(self.waits) >= self._most:
            self.stop()
        return self.stopped


class Notes:
    """A sink that keeps everything. `since` are the times from which a source said that it fills a gap."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.events: list[str] = []
        self.reasons: list[str] = []
        self.since: list[datetime] = []
        self.news = threading.Condition()

    def opened(self) -> None:
        self._note("opened")

    def resumed(self, since: datetime) -> None:
        self.since.append(since)
        self._note("resumed")

    def take(self, line: bytes, at_us: int | None = None) -> bool:
        self.lines.append(line)
        self._note("line")
        return True

    def reached_us(self) -> int | None:
        return None

    def missed_since(self) -> datetime | None:
        """Returns NOW if it was up once, and the connection has ended."""
        turns = [event for event in self.events if event in ("opened", "resumed", "closed")]
        return NOW if len(turns) > 1 and turns[-1] == "closed" else None

    def heard(self) -> None:
        self._note("heard")

    def closed(self, reason: str) -> None:
        self.reasons.append(reason)
        self._note("closed")

    def lost(self, reason: str, estimate: int | None = None) -> None:
        self._note("lost")

    def turns(self) -> list[str]:
        """Returns the events `opened` and `closed`, in order."""
        return [event for event in self.events if event in ("opened", "closed")]

    def wait_for(self, event: str, times: int = 1) -> None:
        with self.news:
            assert self.news.wait_for(lambda: self.events.count(event) >= times, PATIENCE), self.events

    def _note(self, event: str) -> None:
        with self.news:
            self.events.append(event)
            self.news.notify_all()
