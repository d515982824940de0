"""What was found in one capture so far, and which of what can't be read becomes a dead letter."""

from dataclasses import dataclass
from datetime import datetime

MOST_LETTERS = 100
"""The dead letters of a capture of which nothing could be read so far. Further ones are only counted."""
MOST_LETTERS_OF_LINE = 100
"""The dead letters of a line in which nothing could be read since: a line can hold millions of documents."""


@dataclass
class OfCapture:
    """What was found in one capture so far: whether anything can be read, and how much was refused, with a reason."""

    useful: bool = False
    refused: int = 0
    first: str = ""
    line: str = ""
    in_line: int = 0
    """What was refused in this line since its last document that could be read."""
    post_at: datetime | None = None
    """The time of the last post."""

    def take_refusal(self, origin: str, reason: str) -> bool:
        """Counts a refusal, with its reason and where it stands. Returns whether it becomes a dead letter."""
        name, _, place = origin.rpartition(":")
        line = f"{name}:{place.partition('#')[0]}"
        self.in_line = self.in_line + 1 if line == self.line else 1
        self.line = line
        self.refused += 1
        self.first = self.first or reason
        return self.in_line <= MOST_LETTERS_OF_LINE and (self.refused <= MOST_LETTERS or self.useful)

    def take_post(self) -> None:
        """Notes that something could be read."""
        self.useful, self.in_line = True, 0
