"""The queue between sources and workers: a Redis Stream with a consumer group, and counts in Redis hashes.

The names of all Redis keys of the queue are defined here. A message is deleted when it is acked, so the stream's length
is the backlog. The stream is never trimmed by length: that would delete messages which no worker has read yet.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from operator import attrgetter
from typing import Any

import redis
from msgspec.structs import replace

from conf.settings import DEFAULTS, Settings
from ingest.queue import scripts
from ingest.queue.envelope import Envelope, Message, message_of, place_of
from stores.connect import RedisClient, redis_client

GROUP = "workers"
OUTCOMES = ("stored", "dead", "deleted", "shown", "unmatched", "noted", "taken_back", "expired", "named")
"""Outcomes of a message: post stored; refused; deletion applied, or withdrawn; change of a post that is not stored;
note stored; post not stored since it was taken back, or since it is older than its topic keeps posts; handle stored."""
REPLAY_TTL = 7 * 24 * 3600
"""Seconds for which the outcome of a replay is kept."""
RATE_SPAN = 60
"""The length, in seconds, of the intervals in which acked messages are counted, for rates."""
_IDS_A_CALL = 1000
_IN_COMMON = attrgetter("topic", "source", "format", "replay", "queued_route")
"""What many messages in a row have in common, in the order in which the script ADD takes it."""
MEMORY_SHARE = 0.8
"""The part of Redis's memory that messages may fill. The rest is room for the acks, notes and counts of draining."""
SUSPECT_DELIVERIES = 2
"""A message that this many workers have read and not finished may end workers: it is taken over alone."""
MOST_DELIVERIES = 5
"""A message that has been read this often and never finished is refused."""
GONE_SECONDS = 3600
"""A consumer that has asked for nothing for so long, and holds nothing, is removed."""


class QueueFull(Exception):
    """Redis has no room for more messages: wait until workers have acked some."""


def open_queue(settings: Settings) -> "PostsQueue":
    """Returns the queue that the settings name. Raises StoreDown when Redis does not answer."""
    return PostsQueue(redis_client(settings), settings.stream, settings.dead_letters_limit)


class PostsQueue:
    """The stream and its other Redis keys, whose names begin with the name of the stream.

    `dead_letters_limit` is how many dead letters may wait at once.
    """

    def __init__(self, client: RedisClient, stream: str, dead_letters_limit: int = DEFAULTS.dead_letters_limit) -> None:
        self.client = client
        self.dead_letters_limit = dead_letters_limit
        self.stream = stream
        self.dead = f"{stream}:dead"
        self.counts = f"{stream}:counts"
        self._none = f"{stream}:none"
        self._add = client.register_script(scripts.ADD)
        self._ack = client.register_script(scripts.ACK)
        self._leave = client.register_script(scripts.LEAVE)
        self._refuse = client.register_script(scripts.REFUSE)
        self._make_group = client.register_script(scripts.MAKE_GROUP)

    def ensure_group(self) -> None:
        """Makes the consumer group, if it does not exist. The group starts at the first message of the stream.

        Writes nothing if the group exists. It is made even if Redis has no memory left.
        """
        if not self.has_group():
            self._make_group([self.stream, self._none], [GROUP])

    def has_group(self) -> bool:
        """Returns whether the consumer group exists. Writes nothing."""
        try:
            groups: Any = self.client.xinfo_groups(self.stream)
        except redis.ResponseError as error:
            if "no such key" not in str(error):
                raise
            return False
        return any(group["name"] == GROUP.encode() for group in groups)

    def backlog(self) -> int:
        """Returns the number of messages that are not acked, read by a worker or not."""
        return int(self.client.xlen(self.stream))

    def is_crowded(self) -> bool:
        """Returns whether Redis holds MEMORY_SHARE of the memory that it may use; False if it has no limit."""
        memory: Any = self.client.info("memory")
        return 0 < int(memory["maxmemory"]) * MEMORY_SHARE <= int(memory["used_memory"])

    def has_room(self, backlog: int, limit: int) -> bool:
        """Returns whether more messages may be queued, with such a backlog.

        An empty queue always has room: waiting would free nothing.
        """
        return backlog == 0 or (backlog < limit and not self.is_crowded())

    def add(self, envelopes: Sequence[Envelope], also: Sequence[tuple[str, str, bytes]] = ()) -> int:
        """Queues and counts messages in one step; returns the backlog after it. Raises QueueFull, with nothing done.

        `also` sets fields of Redis hashes in the same step: name of the hash, field, value.
        """
        counts = Counter((envelope.topic, envelope.source) for envelope in envelopes)
        runs = [list(run) for _, run in groupby(envelopes, _IN_COMMON)]
        arguments: list[str | bytes | int] = [len(runs)]
        for run in runs:
            arguments += (*_IN_COMMON(run[0]), len(run))
            arguments += chain.from_iterable((envelope.origin, envelope.payload) for envelope in run)
        arguments.append(len(counts))
        for (topic, source), count in counts.items():
            arguments += (f"{topic}|{source}|queued", count)
        for _, field, value in also:
            arguments += (field, value)
        try:
            return int(self._add([self.stream, self.counts, *(name for name, *_ in also)], arguments))
        except redis.ResponseError as error:
            raise _told(error) from None

    def read(self, consumer: str, count: int, block_ms: int) -> list[Message]:
        """Returns up to `count` new messages for this consumer; an empty list if no message came within `block_ms`.

        With 0, it does not wait.
        """
        with self._group_again():
            reply: Any = self.client.xreadgroup(
                GROUP, consumer, {self.stream: ">"}, count=count, block=block_ms or None
            )
            streams = list(reply.values())[0:1] if isinstance(reply, dict) else [found for _, found in reply or ()]
            return [m for entries in streams for m in _messages(entries)]
        return []

    def claim(self, consumer: str, idle_ms: int, count: int) -> list[Message]:
        """Takes over up to `count` messages that some consumer has read but not acked for `idle_ms`, oldest first.

        If one of them was read SUSPECT_DELIVERIES times already, only that one is taken over: if it ends this worker,
        too, it takes no others with it. `deliveries` of a message says how often it was read before.
        """
        with self._group_again():
            left: Any = self.client.xpending_range(self.stream, GROUP, "-", "+", count, idle=idle_ms)
            read = {entry["message_id"]: int(entry["times_delivered"]) for entry in left}
            suspects = [message_id for message_id, times in read.items() if times >= SUSPECT_DELIVERIES]
            if not read:
                return []
            asked = suspects[:1] or list(read)
            reply: Any = self.client.xclaim(self.stream, GROUP, consumer, idle_ms, asked)
            found = _messages(reply)
            self._drop_deleted({*asked}.difference(message.id.encode() for message in found))
            return [replace(each, deliveries=read[each.id.encode()], taken_over=True) for each in found]
        return []

    def _drop_deleted(self, ids: Iterable[bytes]) -> None:
        """Acks those of these messages that somebody has deleted: no worker could, and changes would wait for them."""
        for message_id in ids:
            if not self.client.xrange(self.stream, message_id, message_id):  # else another worker has it
                self.client.xack(self.stream, GROUP, message_id)

    def give_back(self, consumer: str, messages: Iterable[Message]) -> None:
        """Leaves messages to another worker, as if nobody had read them: it was not they that ended this one."""
        self._take(consumer, messages, retrycount=0)

    @contextmanager
    def _group_again(self) -> Iterator[None]:
        """Makes the group again if somebody has deleted the stream."""
        try:
            yield
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self.ensure_group()

    def hold(self, consumer: str, messages: Iterable[Message]) -> None:
        """Marks messages as still in work, so that no other consumer claims them."""
        self._take(consumer, messages)

    def _take(self, consumer: str, messages: Iterable[Message], retrycount: int | None = None) -> None:
        ids = [message.id for message in messages]
        if ids:
            with self._group_again():
                self.client.xclaim(self.stream, GROUP, consumer, 0, ids, retrycount=retrycount, justid=True)

    def first_other(self, messages: Sequence[Message]) -> tuple[int, int] | None:
        """Returns the position of the first unacked message that is none of these, up to the last of them, or None.

        These are in the queue's order. The other one is another consumer's, or this one's, which it never got: the
        answer to its read was lost.
        """
        entries: Any = []
        known = {message.id for message in messages}
        with self._group_again():
            entries = self.client.xpending_range(self.stream, GROUP, "-", messages[-1].id, len(messages) + 1)
        others = (message_id for entry in entries if (message_id := entry["message_id"].decode()) not in known)
        return next(map(place_of, others), None)

    def ack(self, messages: Iterable[Message], outcome: str) -> int:
        """Acks, deletes and counts messages under one of OUTCOMES; returns how many were not acked before."""
        groups, acked = defaultdict[tuple[str, str, str], list[str]](list), 0
        for message in messages:
            groups[(message.topic, message.source, message.replay)].append(message.id)
        minute = int(self.client.time()[0]) // RATE_SPAN if groups else 0
        for (topic, source, replay), ids in groups.items():
            keys = [self.stream, self.counts, self.replay_key(replay), self.rate_key(minute)]
            for start in range(0, len(ids), _IDS_A_CALL):
                some = ids[start : start + _IDS_A_CALL]
                field = f"{topic}|{source}|{outcome}"
                acked += int(self._ack(keys, [GROUP, field, outcome if replay else "", REPLAY_TTL, *some]))
        return acked

    def refuse(self, moves: Sequence[tuple[Message, Mapping[str, str | bytes]]]) -> int:
        """Moves messages to the dead letters, each as an entry with these fields, and counts them as dead; in one step.

        Returns how many were not done before. Without fields, a message is only acked and counted. It works when Redis
        has no memory left.
        """
        if not moves:
            return 0
        minute = int(self.client.time()[0]) // RATE_SPAN
        keys = [self.stream, self.counts, self.dead, self.rate_key(minute)]
        arguments: list[str | bytes | int] = [GROUP, REPLAY_TTL]
        for message, kept in moves:
            keys.append(self.replay_key(message.replay))
            field = f"{message.topic}|{message.source}|dead"
            arguments += (message.id, field, "dead" if message.replay else "", 2 * len(kept))
            arguments += chain.from_iterable(kept.items())
        with self._group_again():
            return int(self._refuse(keys, arguments))
        return 0

    def leave(self, consumer: str) -> None:
        """Removes a consumer from the group, unless it still holds unacked messages."""
        with self._group_again():
            self._leave([self.stream, self._none], [GROUP, consumer])

    def remove_gone(self) -> None:
        """Removes consumers that have asked for nothing for GONE_SECONDS and hold nothing: their processes died."""
        consumers: Any = self.client.xinfo_consumers(self.stream, GROUP)
        for consumer in consumers:
            if int(consumer["idle"]) > GONE_SECONDS * 1000 and not consumer["pending"]:
                self.leave(consumer["name"].decode())

    def replay_key(self, replay: str) -> str:
        """Returns the Redis key with the counts of the outcomes of one replay's messages."""
        return f"{self.stream}:replay:{replay}"

    def rate_key(self, minute: int) -> str:
        """Returns the Redis key with the counts of the messages acked in one minute."""
        return f"{self.stream}:rate:{minute}"

    def replay_outcome(self, replay: str) -> dict[str, int]:
        """Returns the number of a replay's messages for each outcome."""
        found = self.client.hgetall(self.replay_key(replay))
        return {key.decode(): int(value) for key, value in found.items()}


def execute(pipeline: Any) -> list[Any]:
    """Executes a transaction and returns its replies.

    Raises QueueFull, with nothing done, if Redis has no memory.
    """
    try:
        return list(pipeline.execute())
    except redis.ResponseError as error:
        raise _told(error) from None


def _told(error: redis.ResponseError) -> Exception:
    """Returns QueueFull for Redis's error that it has no memory; Redis 6 has that of a script within the text."""
    is_full = isinstance(error, redis.OutOfMemoryError) or "-OOM " in str(error)
    return QueueFull(str(error)) if is_full else error


def _messages(entries: Iterable[tuple[bytes, dict[bytes, bytes] | None]]) -> list[Message]:
    """Entries as messages. XCLAIM may name deleted entries, without fields: they are left out."""
    return [message_of(entry_id, fields) for entry_id, fields in entries if fields]
