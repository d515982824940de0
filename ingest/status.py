"""What ingest is doing: backlog, pending, rates, counts and dead letters, by topic and source."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

import redis

from ingest.dead_letters import DeadLetters
from ingest.posts_queue import GROUP, OUTCOMES, RATE_SPAN, PostsQueue


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages of one topic and source since the beginning; `waiting` are queued and not yet dealt with."""

    topic: str
    source: str
    queued: int
    stored: int
    dead: int
    deleted: int
    waiting: int
    stored_per_second: float


@dataclass(frozen=True, slots=True)
class Consumer:
    """A worker in the group: what it holds unacked, and for how long it has not asked for more."""

    name: str
    pending: int
    idle_seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """A moment's state. `backlog` counts messages not yet acked, `pending` those of them that a worker holds."""

    backlog: int
    pending: int
    oldest_pending_seconds: float | None
    dead_letters: int
    redis_memory_bytes: int
    flows: list[Flow]
    consumers: list[Consumer]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def read_status(queue: PostsQueue) -> Status:
    """Reads the state from Redis alone, so that it works while Cassandra is down."""
    queue.ensure_group()
    pending: Any = queue.client.xpending(queue.stream, GROUP)
    consumers: Any = queue.client.xinfo_consumers(queue.stream, GROUP)
    seconds, microseconds = queue.client.time()
    oldest = pending["min"].decode() if pending["pending"] else None
    age = seconds + microseconds / 1e6 - int(oldest.split("-")[0]) / 1e3 if oldest else None
    memory: Any = queue.client.info("memory")
    return Status(
        backlog=queue.backlog(),
        pending=int(pending["pending"]),
        oldest_pending_seconds=round(max(age, 0.0), 3) if age is not None else None,
        dead_letters=DeadLetters(queue).count(),
        redis_memory_bytes=int(memory["used_memory"]),
        flows=_flows(queue, int(seconds)),
        consumers=[Consumer(_name(c["name"]), int(c["pending"]), round(int(c["idle"]) / 1000, 1)) for c in consumers],
    )


def _flows(queue: PostsQueue, now: int) -> list[Flow]:
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for field, value in queue.client.hgetall(queue.counts).items():
        topic, source, what = field.decode().rsplit("|", 2)
        counts[(topic, source)][what] = int(value)
    rates = _rates(queue, now)
    return [
        Flow(
            topic=topic,
            source=source,
            queued=count["queued"],
            stored=count["stored"],
            dead=count["dead"],
            deleted=count["deleted"],
            waiting=max(count["queued"] - sum(count[outcome] for outcome in OUTCOMES), 0),
            stored_per_second=rates.get((topic, source), 0.0),
        )
        for (topic, source), count in sorted(counts.items())
    ]


def _rates(queue: PostsQueue, now: int) -> dict[tuple[str, str], float]:
    """Posts stored a second over this minute and the last: between 60 and 120 seconds."""
    minute = now // RATE_SPAN
    seconds = RATE_SPAN + now % RATE_SPAN
    stored: dict[tuple[str, str], int] = defaultdict(int)
    for key in (queue.rate_key(minute - 1), queue.rate_key(minute)):
        for field, value in queue.client.hgetall(key).items():
            topic, source, what = field.decode().rsplit("|", 2)
            if what == "stored":
                stored[(topic, source)] += int(value)
    return {key: round(count / seconds, 2) for key, count in stored.items()}


def _name(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def is_working(queue: PostsQueue, within_seconds: float = 10.0) -> bool:
    """Whether any worker has asked for messages lately."""
    try:
        consumers: Any = queue.client.xinfo_consumers(queue.stream, GROUP)
    except redis.ResponseError:
        return False
    return any(int(c["idle"]) < within_seconds * 1000 for c in consumers)
