"""A batch of messages on its way through the worker's steps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.formats.post import Post
from ingest.queue.envelope import Message
from ingest.write.admission import Admitted
from ingest.write.refusal import Refusal
from ingest.write.rows import Write
from ingest.write.writer import End


@dataclass(slots=True, eq=False)
class Batch:
    """The messages that were read, and the results of the steps so far.

    `end` waits for the writes that are under way; None before they begin, and once it was called.
    """

    messages: Sequence[Message] = ()
    posts: list[tuple[Message, Post]] = field(default_factory=list)
    admitted: Admitted = field(default_factory=Admitted)
    refused: list[Refusal] = field(default_factory=list)
    end: End | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def stored(self) -> list[Write]:
        """The writes whose messages were not refused."""
        if not self.refused:
            return self.admitted.writes
        refused = {refusal.message.id for refusal in self.refused}
        return [write for write in self.admitted.writes if write.message.id not in refused]
