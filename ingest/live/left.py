"""What a dead process has left on disk, as a whole: from when to when, and how its connection stood at the end."""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.live.buffer import Closed, Event, Line, Opened, Resumed, SetBack


@dataclass
class Left:
    """The first and the last time of the events in a file.

    With `begins_up`, the first event is a message, so the connection was up. `closed_us` is when it ended, if it ended
    last; `connected` says whether it came up meanwhile. With `set_back`, the clock was set back, so times are no order.
    """

    first_us: int = 0
    last_us: int = 0
    begins_up: bool = False
    closed_us: int | None = None
    connected: bool = False
    set_back: bool = False

    def add(self, events: Iterable[Event], *, first: bool) -> None:
        """Adds the next events in the file; with `first`, they are its first ones."""
        for event in events:
            if first:
                self.first_us, self.begins_up, first = event.at_us, isinstance(event, Line), False
            self.last_us = event.at_us
            if isinstance(event, Opened | Resumed):
                self.closed_us, self.connected = None, True
            elif isinstance(event, Closed) and self.closed_us is None:
                self.closed_us = event.at_us
            elif isinstance(event, SetBack):
                self.set_back = True

    def replaced(self, through_us: int) -> None:
        """Says that another process has collected up to `through_us`: what is said of gaps before that is outdated."""
        if max(self.closed_us or 0, self.last_us) < through_us or (self.closed_us or through_us) < through_us:
            self.closed_us, self.connected = None, False
        self.last_us = max(self.last_us, through_us)

    def missed_us(self, down_us: int | None) -> int:
        """Returns since when messages are missed. The connection was down since `down_us` before, if that is known."""
        if self.closed_us is not None:
            return self.closed_us
        return self.last_us if down_us is None or self.connected else down_us
