"""The state of ingest: backlog, rates, gaps and dead letters, by topic and source."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import redis

from conf.instants import instant
from ingest.live.state import LEASE_SECONDS, LiveState, is_running, read_states
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.posts_queue import GROUP, OUTCOMES, RATE_SPAN, PostsQueue
from stores.asked_for import asks_for_none
from stores.workers import AWAY_SECONDS, at_work, has_asked

LIVE_STATES = ("up", "down", "stopped", "dead")
"""The states of a live collection; `Live` says what each means."""
NOT_STORED = ("unmatched", "taken_back", "expired")
"""The outcomes of messages that left the queue, and of which nothing is stored."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Counts of a topic's messages from a source, since the first message.

    `waiting` is the number of queued messages that are not acked. `left_out` counts those that were not stored, by
    reason: changes and reposts of posts that are not stored (`unmatched`), posts that were taken back, and posts that
    are older than the topic keeps them.
    """

    topic: str
    source: str
    queued: int
    stored: int
    dead: int
    deleted: int
    waiting: int
    stored_per_second: float
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class Consumer:
    """A worker: how many messages it holds unacked, and the seconds since it last asked for messages."""

    name: str
    pending: int
    idle_seconds: float


@dataclass(frozen=True, slots=True)
class Live:
    """A live collection.

    `state` is `up`, `down` (it tries to connect), `stopped`, or `dead` (its process has ended without a stop).

    All messages that were received before `through` are queued. `gap_since` and `gap_reason` describe the gap that is
    open now; `gaps` and `gap_seconds` are the number and the total length of the gaps that have ended since the first
    start. `asked_for` is the number of posts that the topic asks for, and `left_out` counts the others, by reason.
    `spilled_bytes` are the bytes of messages that the collector keeps on its disk until they can be queued.
    """

    topic: str
    source: str
    state: str
    through: datetime | None
    gap_since: datetime | None
    gap_reason: str
    gaps: int
    gap_seconds: float
    received: int
    accepted: int
    refused: int
    shed: int
    spilled_bytes: int
    asked_for: int
    left_out: dict[str, int]

    @property
    def drops_all(self) -> bool:
        """Whether the topic asks for none of the posts that came, of which there were many."""
        return asks_for_none(self.asked_for, self.left_out)


@dataclass(frozen=True, slots=True)
class Status:
    """The state at one moment.

    `backlog` is the number of unacked messages; `pending` is how many of them a worker has read. The ages are those of
    the oldest message, None if there is none: how far the workers are behind, and how long one has been at a batch. A
    Redis without a limit has a `redis_limit_bytes` of 0.
    """

    backlog: int
    pending: int
    oldest_waiting_seconds: float | None
    oldest_pending_seconds: float | None
    dead_letters: int
    redis_memory_bytes: int
    redis_limit_bytes: int
    flows: list[Flow]
    live: list[Live]
    consumers: list[Consumer]

    def as_dict(self) -> dict[str, Any]:
        """The state as plain values, for JSON."""
        return asdict(self)


def read_status(queue: PostsQueue) -> Status:
    """Reads the state from Redis only, so that it works while Cassandra is down. Writes nothing: Redis may be full."""
    begun = queue.has_group()
    pending: Any = queue.client.xpending(queue.stream, GROUP) if begun else {"pending": 0}
    consumers: Any = queue.client.xinfo_consumers(queue.stream, GROUP) if begun else []
    seconds, microseconds = queue.client.time()
    now = seconds + microseconds / 1e6
    first: Any = queue.client.xrange(queue.stream, count=1)
    memory: Any = queue.client.info("memory")
    return Status(
        backlog=queue.backlog(),
        pending=int(pending["pending"]),
        oldest_waiting_seconds=_age(first[0][0], now) if first else None,
        oldest_pending_seconds=_age(pending["min"], now) if pending["pending"] else None,
        dead_letters=DeadLetters(queue).count(),
        redis_memory_bytes=int(memory["used_memory"]),
        redis_limit_bytes=int(memory["maxmemory"]),
        flows=_flows(queue, int(seconds)),
        live=[_live(queue, state, seconds * 1_000_000 + microseconds) for state in _states(queue)],
        consumers=[
            Consumer(_name(c["name"]), int(c["pending"]), round(int(c["idle"]) / 1000, 1)) for c in at_work(consumers)
        ],
    )


def _age(message_id: bytes, now: float) -> float:
    """Returns how long ago a message was queued, in seconds, by Redis's clock."""
    return round(max(now - int(message_id.split(b"-")[0]) / 1e3, 0.0), 3)


def _states(queue: PostsQueue) -> list[LiveState]:
    return read_states(queue.client, queue.stream)


def _live(queue: PostsQueue, state: LiveState, now_us: int) -> Live:
    running = is_running(queue.client, queue.stream, state)
    silent = now_us - state.beat_us > LEASE_SECONDS * 1_000_000
    gap = state.gap
    dead = not gap and (silent or not running)
    return Live(
        topic=state.topic,
        source=state.source,
        state="dead" if dead else "up" if not gap else "down" if running and not silent else "stopped",
        through=instant(state.through_us) if state.through_us is not None else None,
        gap_since=instant(gap.start_us) if gap else instant(state.through_us or state.beat_us) if dead else None,
        gap_reason="; ".join(gap.reasons) if gap else "its process is gone" if dead else "",
        gaps=state.gaps,
        gap_seconds=round(state.gap_us / 1e6, 3),
        received=state.received,
        accepted=state.accepted,
        refused=state.refused,
        shed=state.shed,
        spilled_bytes=state.spilled,
        asked_for=state.asked_for,
        left_out=state.left_out,
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
            left_out={reason: count[reason] for reason in NOT_STORED if count[reason]},
        )
        for (topic, source), count in sorted(counts.items())
    ]


def _rates(queue: PostsQueue, now: int) -> dict[tuple[str, str], float]:
    """Posts stored a second, by topic and source, over the last minute and the present one."""
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


def is_working(queue: PostsQueue) -> bool:
    """Whether a worker has asked for messages within AWAY_SECONDS. One that waits for Cassandra asks, too."""
    try:
        consumers: Any = queue.client.xinfo_consumers(queue.stream, GROUP)
    except redis.ResponseError:
        return False
    return any(has_asked(one, AWAY_SECONDS) for one in consumers)
