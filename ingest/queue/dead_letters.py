"""Dead letters: what could not be parsed or stored, with its reason, its place of origin and its payload."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conf.errors import PulsoError
from ingest.formats import Refused, Unit, split
from ingest.queue.posts_queue import KEPT_PAYLOAD, Envelope, PostsQueue, execute

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
            units = _units(letter)
            if not units:
                left += 1
                continue
            self.queue.add([Envelope(letter.topic, u.source, u.format, u.payload, letter.origin) for u in units])
            self.client.xdel(self.stream, letter.id)
            done += 1
        return done, left

    def drop(self, letters: Iterable[DeadLetter]) -> int:
        """Deletes letters for good; gives how many."""
        ids = [letter.id for letter in letters]
        return sum(int(self.client.xdel(self.stream, *ids[i : i + 500])) for i in range(0, len(ids), 500))


def _units(letter: DeadLetter) -> list[Unit]:
    """What of a letter can go back: its one post, or the posts of a line that was refused before it was cut up."""
    if not letter.whole:
        return []
    if letter.format:
        return [Unit(letter.format, letter.source, letter.payload)]
    parts = split(letter.payload)
    return [] if any(isinstance(part, Refused) for part in parts) else [p for p in parts if isinstance(p, Unit)]


def _letter(entry_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    text = {key.decode(): value.decode(errors="replace") for key, value in fields.items() if key != b"payload"}
    return DeadLetter(
        id=entry_id.decode(),
        topic=text.get("topic", ""),
        source=text.get("source", ""),
        format=text.get("format", ""),
        origin=text.get("origin", ""),
        reason=text.get("reason", ""),
        payload=fields.get(b"payload", b""),
        size=int(text.get("size", "0")),
    )
