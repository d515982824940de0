"""Dead letters: what could not be parsed or stored, with its reason, its place of origin and its payload."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conf.errors import PulsoError
from ingest.formats import Unit, split
from ingest.queue.envelope import Envelope, Route, envelope_of, message_of
from ingest.queue.posts_queue import KEPT_PAYLOAD, PostsQueue, execute

MOST = 100_000
"""Kept at once. Beyond it ingest stops rather than fill Redis or forget: something is wrong with the source."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them; `size` is the payload's full length in bytes, of which at most 64 KiB are kept."""

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
        """Whether the payload is kept in full, so that it can be requeued."""
        return len(self.payload) == self.size


class DeadLetters:
    """The dead-letter stream beside the queue."""

    def __init__(self, queue: PostsQueue) -> None:
        self.queue = queue
        self.client = queue.client
        self.stream = queue.dead

    def count(self) -> int:
        """How many there are."""
        return int(self.client.xlen(self.stream))

    def add(self, letters: Iterable[tuple[Envelope, str]]) -> None:
        """Keeps messages with their reasons. Raises PulsoError when there are too many already, QueueFull when
        Redis has no memory for them."""
        pipeline = self.client.pipeline(transaction=True)
        for envelope, reason in letters:
            kept = envelope.payload[:KEPT_PAYLOAD]
            entry = {**envelope.fields(), "payload": kept, "size": str(len(envelope.payload)), "reason": reason}
            pipeline.xadd(self.stream, entry)
        if not len(pipeline):
            return
        if self.count() >= MOST:
            raise PulsoError(
                f"{MOST:,} dead letters are waiting, so ingest stops",
                "See why with `python -m ingest dead-letters list`, then requeue or drop them",
            )
        execute(pipeline)

    def read(self, limit: int | None = None) -> Iterator[DeadLetter]:
        """The letters, oldest first."""
        start, left = "-", limit
        while left is None or left > 0:
            entries = self.client.xrange(self.stream, min=start, count=min(500, left or 500))
            if not entries:
                return
            for entry_id, fields in entries:
                yield _letter(entry_id, fields)
            left = None if left is None else left - len(entries)
            start = f"({entries[-1][0].decode()}"

    def requeue(self, letters: Iterable[DeadLetter]) -> tuple[int, int]:
        """Puts letters back on the queue; gives how many went back and how many can't (clipped, or still no post)."""
        done = left = 0
        for letter in letters:
            envelopes = _envelopes(letter)
            if not envelopes:
                left += 1
                continue
            self.queue.add(envelopes)
            self.client.xdel(self.stream, letter.id)
            done += 1
        return done, left

    def drop(self, letters: Iterable[DeadLetter]) -> int:
        """Deletes letters for good; gives how many."""
        ids = [letter.id for letter in letters]
        return sum(int(self.client.xdel(self.stream, *ids[i : i + 500])) for i in range(0, len(ids), 500))


def _envelopes(letter: DeadLetter) -> list[Envelope]:
    """What of a letter can be queued again: its one message, or the messages of a line that was refused whole."""
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
