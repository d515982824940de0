"""All of ingest by its commands: warm, cold, and how many bytes a post takes in Redis and on disk."""

import time
from dataclasses import dataclass

from cassandra import DriverException
from cassandra.cluster import NoHostAvailable

from bench import pulso
from bench.lab import HEAP, Lab, restarted
from bench.pulso import Pass
from bench.rates import parts
from conf.errors import PulsoError
from deploy.backup.nodetool import run_nodetool
from deploy.server import size_on_disk
from ingest.formats import Unit
from ingest.queue.envelope import Envelope

PATIENCE = 120.0


@dataclass(frozen=True)
class Sizes:
    """Bytes a post: in Redis as it came from X and as it was parsed, and on Cassandra's disk."""

    raw: float
    parsed: float
    disk: float


def cold(lab: Lab, posts: int) -> tuple[Lab, Pass]:
    """Starts the engines anew, and stores posts at once; returns the lab with the new processes, and the pass."""
    fresh = restarted(lab)
    _wait_until_connected(fresh)
    return fresh, pulso.whole(fresh, posts)


def sizes(lab: Lab, units: list[Unit], stored: int) -> Sizes:
    """Returns the bytes a post of messages in Redis, and of the `stored` posts of the lab's keyspace on disk."""
    folder = lab.settings.home / "cassandra"
    run_nodetool(folder, ("flush", lab.settings.keyspace))
    disk = size_on_disk(folder / "data" / lab.settings.keyspace) / stored
    raw, parsed = (_in_redis(lab, messages) for messages in (parts.raw_messages(units), parts.parsed_messages(units)))
    return Sizes(raw, parsed, disk)


def _in_redis(lab: Lab, messages: list[Envelope]) -> float:
    lab.redis.flushdb()
    before = int(lab.redis.info("memory")["used_memory"])
    parts.publish(lab, messages)
    return (int(lab.redis.info("memory")["used_memory"]) - before) / len(messages)


def _wait_until_connected(lab: Lab) -> None:
    """Waits until the session has found Cassandra again."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            lab.session.execute("SELECT key FROM system.local")
            return
        except (NoHostAvailable, DriverException):
            if time.monotonic() > until:
                raise PulsoError(f"Cassandra (heap {HEAP}) does not answer after its restart") from None
            time.sleep(0.5)
