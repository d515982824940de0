"""The queue between sources and workers: one Redis Stream, a consumer group, counts and dead letters.

All Redis names stand here. A message is deleted once acked, so the stream's length is the backlog; nothing is
ever trimmed by length, since that would delete what no worker has taken yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis

from ingest.queue.envelope import Envelope, Message, message_of, place_of
from stores.connect import RedisClient

GROUP = "workers"
OUTCOMES = ("stored", "dead", "deleted", "unmatched", "noted")
"""What becomes of a message: a post stored; refused; a deletion applied; nothing to do for the topic; a note kept."""
KEPT_PAYLOAD = 64 * 1024
REPLAY_TTL = 7 * 24 * 3600
RATE_SPAN = 60
_ACK = """
local acked = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 5))
redis.call('XDEL', KEYS[1], unpack(ARGV, 5))
if acked > 0 then
  redis.call('HINCRBY', KEYS[2], ARGV[2], acked)
  redis.call('HINCRBY', KEYS[4], ARGV[2], acked)
  redis.call('EXPIRE', KEYS[4], 3600)
  if ARGV[3] ~= '' then
    redis.call('HINCRBY', KEYS[3], ARGV[3], acked)
    redis.call('EXPIRE', KEYS[3], ARGV[4])
  end
end
return acked
"""
# One script call acks and counts, so that the counts stay exact whenever a worker dies. XACK stands first: once a
# script has written, Redis lets it go on even when its memory is full.
_LEAVE = """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end
return #pending
"""
_IDS_A_CALL = 1000


class QueueFull(Exception):
    """Redis has no memory for more; hold back until workers have caught up."""


class PostsQueue:
    """The stream and what belongs to it, under names that start with the stream's own."""

    def __init__(self, client: RedisClient, stream: str) -> None:
        self.client = client
        self.stream = stream
        self.dead = f"{stream}:dead"
        self.counts = f"{stream}:counts"
        self._ack = client.register_script(_ACK)
        self._leave = client.register_script(_LEAVE)

    def ensure_group(self) -> None:
        """Makes the consumer group, from the stream's beginning, unless it is there."""
        try:
            self.client.xgroup_create(self.stream, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def backlog(self) -> int:
        """Messages not yet acked, delivered or not."""
        return int(self.client.xlen(self.stream))

    def add(self, envelopes: Sequence[Envelope], also: tuple[str, str, bytes] | None = None) -> int:
        """Queues messages in one transaction, counts included, and gives the backlog after it. Raises QueueFull.

        `also` is a hash, a field and a value that is set in the same transaction.
        """
        pipeline = self.client.pipeline(transaction=True)
        counts: dict[str, int] = defaultdict(int)
        for envelope in envelopes:
            pipeline.xadd(self.stream, envelope.fields())
            counts[f"{envelope.topic}|{envelope.source}|queued"] += 1
        for name, count in counts.items():
            pipeline.hincrby(self.counts, name, count)
        if also:
            pipeline.hset(*also)
        pipeline.xlen(self.stream)
        return int(execute(pipeline)[-1])

    def read(self, consumer: str, count: int, block_ms: int) -> list[Message]:
        """New messages for this consumer; empty when none came in time."""
        with self._group_again():
            reply: Any = self.client.xreadgroup(GROUP, consumer, {self.stream: ">"}, count=count, block=block_ms)
            streams = list(reply.values())[0:1] if isinstance(reply, dict) else [found for _, found in reply or ()]
            return [m for entries in streams for m in _messages(entries)]
        return []

    def claim(self, consumer: str, idle_ms: int, count: int) -> list[Message]:
        """Takes over what other consumers got but did not ack for `idle_ms`."""
        with self._group_again():
            reply: Any = self.client.xautoclaim(self.stream, GROUP, consumer, idle_ms, "0-0", count=count)
            return _messages(reply[1])
        return []

    @contextmanager
    def _group_again(self) -> Iterator[None]:
        """Makes the group anew when the stream was flushed under us."""
        try:
            yield
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.ensure_group()

    def hold(self, consumer: str, messages: Iterable[Message]) -> None:
        """Tells the group that these are still being worked on, so that nobody claims them."""
        ids = [message.id for message in messages]
        if ids:
            self.client.xclaim(self.stream, GROUP, consumer, 0, ids, justid=True)

    def held_elsewhere(self, consumer: str, until: Message, count: int) -> tuple[int, int] | None:
        """The first place up to `until` that another consumer holds unacked, among the first `count` held."""
        entries: Any = self.client.xpending_range(self.stream, GROUP, "-", until.id, count)
        others = (e["message_id"] for e in entries if e["consumer"].decode() != consumer)
        return next((place_of(message_id.decode()) for message_id in others), None)

    def ack(self, messages: Iterable[Message], outcome: str) -> int:
        """Acks, deletes and counts messages under one of OUTCOMES; gives how many were still to be acked."""
        groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for message in messages:
            groups[(message.topic, message.source, message.replay)].append(message.id)
        acked = 0
        minute = int(self.client.time()[0]) // RATE_SPAN if groups else 0
        for (topic, source, replay), ids in groups.items():
            keys = [self.stream, self.counts, self.replay_key(replay), self.rate_key(minute)]
            for start in range(0, len(ids), _IDS_A_CALL):
                some = ids[start : start + _IDS_A_CALL]
                field = f"{topic}|{source}|{outcome}"
                acked += int(self._ack(keys, [GROUP, field, outcome if replay else "", REPLAY_TTL, *some]))
        return acked

    def leave(self, consumer: str) -> None:
        """Takes a consumer out of the group, unless messages are still pending on it."""
        self._leave([self.stream], [GROUP, consumer])

    def replay_key(self, replay: str) -> str:
        """Where the outcome of one replay's messages is counted."""
        return f"{self.stream}:replay:{replay}"

    def rate_key(self, minute: int) -> str:
        """Where what was acked in one minute is counted."""
        return f"{self.stream}:rate:{minute}"

    def replay_outcome(self, replay: str) -> dict[str, int]:
        """How many messages of a replay had which of OUTCOMES."""
        found = self.client.hgetall(self.replay_key(replay))
        return {key.decode(): int(value) for key, value in found.items()}


def execute(pipeline: Any) -> list[Any]:
    """Executes a transaction whole or not at all. Raises QueueFull when Redis has no memory for it."""
    try:
        return list(pipeline.execute())
    except redis.OutOfMemoryError as error:
        raise QueueFull(str(error)) from None


def _messages(entries: Iterable[tuple[bytes, dict[bytes, bytes] | None]]) -> list[Message]:
    """Stream entries as messages; deleted entries, which XAUTOCLAIM may name, are left out."""
    return [message_of(entry_id, fields) for entry_id, fields in entries if fields]
