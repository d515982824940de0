"""Dead letters: messages that could not be parsed or stored, kept with the reason and where they came from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conf.errors import PulsoError
from ingest.formats import Unit, readable, split
from ingest.queue.envelope import Envelope, Message, Route, envelope_of, message_of
from ingest.queue.posts_queue import PostsQueue, execute

KEPT_PAYLOAD = 64 * 1024
"""Bytes of a payload that are kept of what was never queued. A queued message keeps its whole payload."""
WHOLE_BYTES = 64 * 1024 * 1024
"""While the dead letters take more of Redis's memory, only the start of a payload is kept."""
SHORT_PAYLOAD = 1024
"""Bytes of a payload that are kept then, and of letters beyond the limit."""
MOST_BYTES = 128 * 1024 * 1024
"""While the dead letters take more of Redis's memory, further ones are only counted: strangers must not fill it."""
MOVED_TOGETHER, MOVED_BYTES = 100, 4 * 1024 * 1024
"""The most messages, and about the most bytes of them, that Redis moves in one step: meanwhile it answers nobody."""
PAGE = 500
"""Letters in one request to Redis."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused message and the reason.

    `size` is the length of the whole payload in bytes, of which `payload` may be only the start.
    """

    id: str
    topic: str
    source: str
    format: str
    origin: str
    reason: str
    payload: bytes
    size: int
    route: str = Route.POST

    @property
    def whole(self) -> bool:
        """Whether the whole payload is kept, so that it can be queued again."""
        return len(self.payload) == self.size


class DeadLetters:
    """The stream of dead letters beside the queue."""

    def __init__(self, queue: PostsQueue) -> None:
        self.queue = queue
        self.client = queue.client
        self.stream = queue.dead
        self.limit = queue.dead_letters_limit

    def count(self) -> int:
        """The number of dead letters."""
        return int(self.client.xlen(self.stream))

    def is_full(self) -> bool:
        """Returns whether the limit is reached, or the most memory."""
        return self.count() >= self.limit or self._bytes() > MOST_BYTES

    def _bytes(self) -> int:
        return int(self.client.memory_usage(self.stream) or 0)

    def add(self, letters: Iterable[tuple[Envelope, str]]) -> None:
        """Keeps messages with their reasons.

        Raises PulsoError when the limit is reached, so that ingest stops: with so many refused messages, something is
        wrong with the source. Raises QueueFull when Redis has no memory left.
        """
        pipeline = self.client.pipeline(transaction=True)
        letters = list(letters)
        most = SHORT_PAYLOAD if letters and self._bytes() > WHOLE_BYTES else KEPT_PAYLOAD
        for envelope, reason in letters:
            pipeline.xadd(self.stream, _entry(envelope, reason, most))
        if not len(pipeline):
            return
        if self.is_full():
            raise PulsoError(
                f"{self.count():,} dead letters are waiting, so no more are taken",
                "See why with `.venv/bin/python -m ingest dead-letters list`, then requeue or drop them",
            )
        execute(pipeline)

    def refuse(self, letters: Iterable[tuple[Message, str]]) -> int:
        """Moves queued messages to the dead letters, with their reasons; returns how many were not done before.

        Some are moved together, in one step. This works when Redis has no memory left, and never stops the caller: of
        letters beyond the limit, or beyond WHOLE_BYTES, only the start is kept, and beyond MOST_BYTES they are only
        counted.
        """
        letters = list(letters)
        if not letters:
            return 0
        used = self._bytes()
        short = used > WHOLE_BYTES or self.count() >= self.limit
        moved, size = 0, 0
        together: list[tuple[Message, dict[str, str | bytes]]] = []
        for message, reason in letters:
            entry = _entry(message, reason, SHORT_PAYLOAD if short else None)
            together.append((message, entry if used <= MOST_BYTES else {}))
            size += len(message.payload)
            if len(together) == MOVED_TOGETHER or size > MOVED_BYTES:
                moved += self.queue.refuse(together)
                together, size = [], 0
        return moved + self.queue.refuse(together)

    def read(self, limit: int | None = None) -> Iterator[DeadLetter]:
        """Yields the letters, oldest first, at most `limit`."""
        start, left = "-", limit
        while left is None or left > 0:
            entries = self.client.xrange(self.stream, min=start, count=min(PAGE, left or PAGE))
            if not entries:
                return
            for entry_id, fields in entries:
                yield _letter(entry_id, fields)
            left = None if left is None else left - len(entries)
            start = f"({entries[-1][0].decode()}"

    def requeue(self, letters: Iterable[DeadLetter]) -> tuple[int, int]:
        """Queues letters again; returns how many were queued, and how many could not be.

        The others stay: their payload is incomplete, or still can't be read as a post.
        """
        queued = left = 0
        for letter in letters:
            envelopes = _envelopes(letter)
            if not envelopes:
                left += 1
                continue
            self.queue.add(envelopes)
            self.client.xdel(self.stream, letter.id)
            queued += 1
        return queued, left

    def drop(self, letters: Iterable[DeadLetter]) -> int:
        """Deletes letters; returns how many were deleted."""
        ids = [letter.id for letter in letters]
        return sum(int(self.client.xdel(self.stream, *ids[i : i + PAGE])) for i in range(0, len(ids), PAGE))


def _entry(envelope: Envelope, reason: str, most: int | None) -> dict[str, str | bytes]:
    """Returns the fields of a letter, with at most `most` bytes of the payload, in a form that people can read."""
    payload = readable(envelope.format, envelope.payload)
    return {**envelope.fields(), "payload": payload[:most], "size": str(len(payload)), "reason": reason}


def _envelopes(letter: DeadLetter) -> list[Envelope]:
    """What to queue for a letter: its message, or all messages of a line that was refused as a whole; else nothing."""
    if not letter.whole:
        return []
    if letter.format:
        return [Envelope(letter.topic, letter.source, letter.format, letter.payload, letter.origin, route=letter.route)]
    parts = split(letter.payload)
    units = [part for part in parts if isinstance(part, Unit)]
    return [envelope_of(letter.topic, unit, letter.origin) for unit in units] if len(units) == len(parts) else []


def _letter(entry_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    message = message_of(entry_id, fields)
    return DeadLetter(
        id=message.id,
        topic=message.topic,
        source=message.source,
        format=message.format,
        route=message.route,
        origin=message.origin,
        reason=fields.get(b"reason", b"").decode(errors="replace"),
        payload=message.payload,
        size=int(fields.get(b"size", b"0")),
    )
