"""What was gathered of the stores at one moment, as plain values. Nothing here asks a store."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

MIB = 2**20
NodeState = Literal["up", "down", "silent", "not asked"]
"""`down`: nothing accepts connections there. `silent`: it does not answer in time, as a process that stands still.
`not asked`: it is in another data centre than the one that Pulso asks."""


@dataclass(frozen=True, slots=True)
class NodeTable:
    """A table of Pulso's on one node, since that node's start.

    Sizes are in MiB, rounded up; times in ms, the 99th percentile of this node's own reads and writes.
    `tombstones_a_read` is the 99th percentile of deletion marks that one read went over.
    """

    name: str
    disk_mib: int
    largest_partition_mib: int
    read_ms: float
    write_ms: float
    tombstones_a_read: float


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the ring.

    `owns` is the part of the ring, 0..1, of which it has the first copy. `load_mib` is what it stores. The others
    are its own, since it started, and None where it could not be asked: compactions that wait, messages between nodes
    that it dropped because they came too late or were too many, requests that had to wait for a thread, and
    nodes for which it keeps writes until they are back. `problem` says why it could not tell them.
    """

    address: str
    data_centre: str
    rack: str
    state: NodeState
    owns: float
    version: str = ""
    schema: str = ""
    load_mib: float | None = None
    pending_compactions: int | None = None
    dropped_messages: int | None = None
    blocked_requests: int | None = None
    hinted_nodes: int | None = None
    tables: tuple[NodeTable, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """When a table was last repaired on all of its copies, UTC; None if that is not known. `within_days` is the time
    after which a deletion may be undone by a node that missed it (gc_grace_seconds)."""

    table: str
    repaired_at: datetime | None
    within_days: float


@dataclass(frozen=True, slots=True)
class Cassandra:
    """All nodes, the copies of each row in the data centre that Pulso asks, and the repairs of the tables of posts.

    `copies` is 0, and there are no nodes, if none answers; `problem` then says why. `repairs` is empty with one copy.
    """

    nodes: tuple[Node, ...] = ()
    copies: int = 0
    consistency: str = ""
    repairs: tuple[Repair, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Redis:
    """Redis itself, and the stream in it. `limit_mib` is 0 where memory has no limit.

    `waiting` is the number of messages that are queued and not stored, of which workers hold `with_workers`;
    `lag_seconds` is the age of the oldest, None if there is none. `has_log` says whether each write goes to a log on
    disk; without one, what came after the last snapshot, at `saved_at` (UTC), is lost in a crash. `failing` names the
    writes to disk that failed last. `problem` says why Redis could not be asked.
    """

    version: str = ""
    memory_mib: float = 0.0
    limit_mib: float = 0.0
    policy: str = ""
    has_log: bool = False
    saved_at: datetime | None = None
    failing: tuple[str, ...] = ()
    waiting: int = 0
    with_workers: int = 0
    workers: int = 0
    lag_seconds: float | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Both stores at one moment, UTC. `troubles` say what does not answer, `warnings` what needs a hand."""

    at: datetime
    cassandra: Cassandra
    redis: Redis
    troubles: Sequence[str] = field(default=())
    warnings: Sequence[str] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return asdict(self)
