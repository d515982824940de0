"""What a live collection keeps in Redis: how far it has come, its open gap, and who runs it.

It is written in the same transaction as the messages that it speaks of, so that whoever takes over after a crash knows
exactly what had been queued.
"""

import os
import socket
import uuid
from dataclasses import dataclass
from typing import Any

import msgspec
import psutil

from conf.errors import PulsoError
from ingest.live.gap_keeper import OpenGap
from stores.connect import RedisClient

LEASE_SECONDS = 30
_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class LiveState(msgspec.Struct, omit_defaults=True):
    """How a topic's collection from a source stands.

    `through_us` is until when all is queued, `reached_us` where playback would go on, both in µs since 1970; `since_us`
    when the state last changed between up and down; the counts are since the first start.
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


@dataclass(frozen=True)
class LiveKeys:
    """The names in Redis of a queue's live collections."""

    stream: str

    @property
    def states(self) -> str:
        """A hash: `topic|source` to state."""
        return f"{self.stream}:live"

    def owner(self, topic: str, source: str) -> str:
        """Who collects it now."""
        return f"{self.stream}:live:{topic}:{source}:owner"


def read_states(client: RedisClient, stream: str) -> list[LiveState]:
    """Every live collection that there ever was, by topic and source."""
    found = client.hgetall(LiveKeys(stream).states)
    return [msgspec.json.decode(found[name], type=LiveState) for name in sorted(found)]


class Lease:
    """That one process at a time collects a topic from a source."""

    def __init__(self, client: RedisClient, stream: str, topic: str, source: str) -> None:
        self._client = client
        self._key = LiveKeys(stream).owner(topic, source)
        self._what = f"{topic} from {source}"
        self._name = f"{socket.gethostname()}|{os.getpid()}|{uuid.uuid4().hex}".encode()
        self._renew = client.register_script(_RENEW)
        self._release = client.register_script(_RELEASE)

    def take(self) -> None:
        """Takes the lease; one whose process is gone from this machine is taken over at once.

        Raises PulsoError when another process holds it.
        """
        for _ in range(2):
            if self._client.set(self._key, self._name, nx=True, px=LEASE_SECONDS * 1000):
                return
            owner: Any = self._client.get(self._key)
            if owner is None or (_is_gone(owner) and self._release([self._key], [owner])):
                continue
            host, pid = owner.decode().split("|")[:2]
            raise PulsoError(
                f"{self._what} is collected already, by process {pid} on {host}",
                f"Stop that one first; if it is gone, its claim ends within {LEASE_SECONDS} seconds",
            )
        raise PulsoError(f"{self._what} is being claimed by another process", "Try again")

    def renew(self) -> None:
        """Says that this process is alive. Raises PulsoError when another one has taken over meanwhile."""
        if self._renew([self._key], [self._name, LEASE_SECONDS * 1000]):
            return
        if not self._client.set(self._key, self._name, nx=True, px=LEASE_SECONDS * 1000):
            raise PulsoError(f"another process collects {self._what} now", "Let it go on, or stop it and start again")

    def release(self) -> None:
        """Gives it back."""
        self._release([self._key], [self._name])


def is_running(client: RedisClient, stream: str, state: LiveState) -> bool:
    """Whether the process that collects is alive, as far as can be told from here."""
    owner: Any = client.get(LiveKeys(stream).owner(state.topic, state.source))
    return owner is not None and not _is_gone(owner)


def _is_gone(owner: bytes) -> bool:
    """Whether the owner was a process of this machine that is no more."""
    host, pid = owner.decode().split("|")[:2]
    return host == socket.gethostname() and not psutil.pid_exists(int(pid))
