"""The state of a live collection in Redis: how far it has come, its open gap, and the process that runs it.

The state is written in the same transaction as the messages it describes. So a process that takes over after a crash
knows exactly which messages were queued.
"""

import os
import socket
import uuid
from dataclasses import dataclass
from typing import Any

import msgspec

from conf.errors import PulsoError
from conf.processes import started
from ingest.live.buffer import Position
from ingest.live.gap_keeper import OpenGap
from stores.connect import RedisClient

LEASE_SECONDS = 30
_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_TAKE = """
redis.call('DEL', KEYS[2])
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
"""
# Redis refuses SET when it has no memory left, but not the rest of a script that has written, if only nothing.
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class LiveState(msgspec.Struct, omit_defaults=True):
    """The state of a topic's collection from one source.

    All messages up to `through_us` are queued. `reached_us` is the time from which a playback must continue, and
    `beat_us` the time at which the state was last written; all are in µs since 1970. `gap_us` is the length of all gaps
    that have ended, in µs. `record` is the id of the record in Redis, and `notes` the number of notes that were queued
    in it (`ingest/queue/notes.py`). All counts are since the first start.

    `asked_for` is the number of posts that the topic asks for. Of a network that sends everything, `left_out` counts
    the others, by reason (`ingest/live/matching.py`). `accepted` also counts deletions, reposts and notices.

    `queued` is the position in the collector's buffer up to which all events are queued, and `spilled` the bytes of
    those after it that are on disk.
    """

    topic: str
    source: str
    up: bool = False
    beat_us: int = 0
    through_us: int | None = None
    reached_us: int | None = None
    gap: OpenGap | None = None
    gaps: int = 0
    gap_us: int = 0
    connects: int = 0
    received: int = 0
    accepted: int = 0
    refused: int = 0
    shed: int = 0
    unarchived: int = 0
    record: str = ""
    notes: int = 0
    queued: Position = ("", 0)
    spilled: int = 0
    asked_for: int = 0
    left_out: dict[str, int] = {}


@dataclass(frozen=True)
class LiveKeys:
    """The Redis names of a queue's live collections."""

    stream: str

    @property
    def states(self) -> str:
        """The name of the Redis hash that maps `topic|source` to the state."""
        return f"{self.stream}:live"

    @property
    def records(self) -> str:
        """The name of the Redis hash that maps `topic|source` to the id of the record that began last."""
        return f"{self.stream}:live:records"

    def owner(self, topic: str, source: str) -> str:
        """Returns the name of the key whose value is the process that collects now."""
        return f"{self.stream}:live:{topic}:{source}:owner"


def read_states(client: RedisClient, stream: str) -> list[LiveState]:
    """Returns the states of all live collections, also of ended ones, sorted by topic and source."""
    found = client.hgetall(LiveKeys(stream).states)
    return [msgspec.json.decode(found[name], type=LiveState) for name in sorted(found)]


class LeaseLost(PulsoError):
    """Another process collects the topic from the source now, so this one must write nothing about it."""


class Lease:
    """Ensures that only one process at a time collects a topic from a source."""

    def __init__(self, client: RedisClient, stream: str, topic: str, source: str) -> None:
        self._client = client
        self._key = LiveKeys(stream).owner(topic, source)
        self._none = f"{stream}:none"
        self._what = f"{topic} from {source}"
        self._name = f"{socket.gethostname()}|{os.getpid()}|{uuid.uuid4().hex}|{started(os.getpid())}".encode()
        self._renew = client.register_script(_RENEW)
        self._take = client.register_script(_TAKE)
        self._release = client.register_script(_RELEASE)

    def take(self) -> None:
        """Takes the lease. If its owner is a dead process of this machine, the lease is taken over at once.

        Raises PulsoError when another process holds it.
        """
        for _ in range(2):
            if self._is_taken():
                return
            owner: Any = self._client.get(self._key)
            if owner is None or (_is_gone(owner) and self._release([self._key], [owner])):
                continue
            host, pid = owner.decode().split("|")[:2]
            raise PulsoError(
                f"{self._what} is collected already, by process {pid} on {host}",
                f"Stop it first. If it has ended already, try again in {LEASE_SECONDS} seconds",
            )
        raise PulsoError(f"another process is just starting to collect {self._what}", "Try again")

    def renew(self) -> None:
        """Renews the lease. Raises LeaseLost when another process has taken it over."""
        if self._renew([self._key], [self._name, LEASE_SECONDS * 1000]):
            return
        if not self._is_taken():
            raise LeaseLost(f"another process collects {self._what} now", "Let it go on, or stop it and start again")

    def _is_taken(self) -> bool:
        """Takes the lease if nobody has it, also when Redis is full; returns whether it did."""
        return bool(self._take([self._key, self._none], [self._name, LEASE_SECONDS * 1000]))

    def release(self) -> None:
        """Releases the lease."""
        self._release([self._key], [self._name])


def is_running(client: RedisClient, stream: str, state: LiveState) -> bool:
    """Returns whether the collecting process is alive.

    If it is on another machine, this means that its lease still exists.
    """
    owner: Any = client.get(LiveKeys(stream).owner(state.topic, state.source))
    return owner is not None and not _is_gone(owner)


def _is_gone(owner: bytes) -> bool:
    """Returns whether the owner was a process of this machine that has ended.

    In a container that was started again, another process has its id, so its start is compared, too. The name of an
    owner of an earlier release lacks that.
    """
    host, pid, _, *began = owner.decode().split("|")
    now = started(int(pid))
    return host == socket.gethostname() and (not now or began not in ([], [now]))
