"""Dead letters of a live collection: messages that can't be read, of strangers, too."""

from contextlib import suppress

from conf.errors import PulsoError
from conf.instants import is_due
from ingest.live.selection import SELECTING
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue

LETTERS_A_MINUTE = 60
"""Dead letters that are kept of a network that sends everything: most of what can't be read there nobody asked for."""


class Letters:
    """Keeps the dead letters of one source, with their reasons."""

    def __init__(self, queue: PostsQueue, source: str) -> None:
        self.dead_letters, self._source = DeadLetters(queue), source
        self._from_us = self._kept = 0

    def sampled(self, letters: list[tuple[Envelope, str]], now: int) -> list[tuple[Envelope, str]]:
        """Returns the letters to keep: all of a source that selects, and some a minute of one that sends everything."""
        if self._source in SELECTING:
            return letters
        if is_due(self._from_us, now, 60_000_000):
            self._from_us, self._kept = now, 0
        kept = letters[: LETTERS_A_MINUTE - self._kept]
        self._kept += len(kept)
        return kept

    def keep(self, letters: list[tuple[Envelope, str]]) -> None:
        """Keeps letters, but not beyond their limit: what strangers send must not end the collection."""
        with suppress(PulsoError):  # the limit, which others may reach at any moment
            self.dead_letters.add(letters)
