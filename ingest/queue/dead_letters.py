"""Dead letters: messages that could not be parsed or stored, kept with the reason and where they came from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conf.errors import PulsoError
from ingest.formats import Unit, split
from ingest.queue.envelope import Envelope, Route, envelope_of, message_of
from ingest.queue.posts_queue import PostsQueue, execute

KEPT_PAYLOAD = 64 * 1024
"""Bytes of a payload that are kept."""
PAGE = 500
"""Letters in one request to Redis."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused message and the reason.

    `size` is the length of the whole payload in bytes; only its first 64 KiB are kept.
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

    def add(self, letters: Iterable[tuple[Envelope, str]]) -> None:
        """Keeps messages with their reasons.

        Raises PulsoError when the limit is reached, so that ingest stops: with so many refused messages, something is
        wrong with the source. Raises QueueFull when Redis has no memory left.
        """
        pipeline = self.client.pipeline(transaction=True)
        for envelope, reason in letters:
            kept = envelope.payload[:KEPT_PAYLOAD]
            entry = {**envelope.fields(), "payload": kept, "size": str(len(envelope.payload)), "reason": reason}
            pipeline.xadd(self.stream, entry)
        if not len(pipeline):
            return
        if (waiting := self.count()) >= self.limit:
            raise PulsoError(
                f"{waiting:,} dead letters are waiting, so ingest stops",
                "See why with `.venv/bin/python -m ingest dead-letters list`, then requeue or drop them",
            )
        execute(pipeline)

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
