"""Asks each node of Cassandra for itself: its virtual tables tell only of the node that answers.

Nodes that are down or stand still cost twice ANSWER seconds at most, however many they are.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

from cassandra import InvalidRequest, Unauthorized
from cassandra.cluster import NoHostAvailable, ResponseFuture, Session
from cassandra.policies import HostDistance
from cassandra.pool import Host

from conf.settings import Settings
from conf.tables import TABLES
from stores.health.judge import REFUSED
from stores.health.repairs import read_repairs
from stores.health.state import MIB, Cassandra, Node, NodeState, NodeTable
from stores.refused import FAILURES, words_of

ANSWER = 4.0
"""Seconds in which a node must answer, and then again in which it must tell its figures."""
PAUSE = 0.1
VIEWS = "system_views"
"""Cassandra's keyspace of virtual tables."""
FIGURES = (
    *("thread_pools", "internode_inbound", "internode_outbound", "pending_hints", "gossip_info"),
    *("disk_usage", "max_partition_size", "local_read_latency", "local_write_latency", "tombstones_per_read"),
)
RING = 2**64
"""The number of tokens."""
_LOST = ("expired_count", "overload_count")
"""Messages between nodes that were dropped: too late, or too many."""
Figures = Mapping[str, list[Any]]
"""What a node's virtual tables hold, by table."""


def read_cassandra(session: Session, settings: Settings) -> Cassandra:
    """Returns what all nodes tell. Raises no error for a node that does not answer, or does not tell its figures."""
    asked = _Asked(session)
    asked.ask_all()
    up = [host for host, state in asked.states.items() if state == "up"]
    figures, problems = _figures(session, up)
    loads, shares = _loads(figures.values()), _shares(session)
    nodes = tuple(
        _node(
            _Told(host, state, asked.rows.get(host), figures.get(host, {}), problems.get(host, "")),
            settings.keyspace,
            loads.get(str(host.broadcast_address or host.address)),
            shares[host],
        )
        for host, state in asked.states.items()
    )
    copies = _copies(session, settings)
    repairs = read_repairs(session, settings.keyspace) if copies > 1 else ()
    return Cassandra(nodes, copies, settings.consistency, repairs)


@dataclass
class _Asked:
    """Which nodes answer, and their rows of `system.local`."""

    session: Session
    states: dict[Host, NodeState] = field(default_factory=dict)
    rows: dict[Host, Any] = field(default_factory=dict)

    def ask_all(self) -> None:
        """Asks all nodes at once. The driver may still be connecting to some, so these are asked again."""
        cluster = self.session.cluster
        hosts = sorted(cluster.metadata.all_hosts(), key=lambda host: str(host.address))
        self.states = {
            host: "not asked" if cluster.profile_manager.distance(host) == HostDistance.IGNORED else "silent"
            for host in hosts
        }
        left = [host for host, state in self.states.items() if state == "silent"]
        until = time.monotonic() + ANSWER
        while left := self._ask(left):
            if time.monotonic() > until:
                return
            time.sleep(PAUSE)

    def _ask(self, hosts: Sequence[Host]) -> list[Host]:
        """Asks nodes once; returns those to which there is no connection yet."""
        query = "SELECT release_version, schema_version FROM system.local"
        later = []
        for host, future in [(host, _send(self.session, query, host)) for host in hosts]:
            try:
                self.rows[host] = future.result().one()
                self.states[host] = "up"
            except NoHostAvailable:
                if host.is_up is False:
                    self.states[host] = "down"
                else:
                    later.append(host)
            except FAILURES:
                self.states[host] = "silent"
        return later


def _send(session: Session, query: str, host: Host) -> ResponseFuture:
    return session.execute_async(query, timeout=ANSWER, host=host)


def _figures(session: Session, hosts: Sequence[Host]) -> tuple[dict[Host, Figures], dict[Host, str]]:
    """Returns what nodes tell of themselves and, for those that do not, why."""
    asked = [(host, name, _send(session, f"SELECT * FROM {VIEWS}.{name}", host)) for host in hosts for name in FIGURES]
    found: dict[Host, dict[str, list[Any]]] = {host: {} for host in hosts}
    problems: dict[Host, str] = {}
    for host, name, future in asked:
        try:
            found[host][name] = list(future.result())
        except Unauthorized:
            problems[host] = REFUSED
        except InvalidRequest as error:  # another release of Cassandra, without this table
            problems[host] = words_of(error)
        except FAILURES as error:
            problems[host] = f"it does not tell its figures ({words_of(error)})"
    return {host: told for host, told in found.items() if told}, problems


@dataclass(frozen=True)
class _Told:
    """A node, and what it told."""

    host: Host
    state: NodeState
    local: Any
    figures: Figures
    problem: str

    def sum_of(self, table: str, *columns: str) -> int | None:
        """Returns the sum of columns over all rows of a virtual table; None if it was not told."""
        rows = self.figures.get(table)
        return None if rows is None else sum(int(getattr(row, name, 0) or 0) for row in rows for name in columns)

    def of_pool(self, column: str, *names: str) -> int | None:
        """Returns the sum of a column over some thread pools, all of them if none are named."""
        rows = self.figures.get("thread_pools")
        return None if rows is None else sum(int(getattr(r, column)) for r in rows if not names or r.name in names)

    def of_table(self, virtual: str, column: str, keyspace: str) -> dict[str, float]:
        """Returns a column of a virtual table that has a row for each table of a keyspace."""
        rows = self.figures.get(virtual, ())
        return {row.table_name: _number(getattr(row, column, 0)) for row in rows if row.keyspace_name == keyspace}


def _number(value: Any) -> float:
    """Returns a figure; 0 for what Cassandra could not compute, such as a percentile of no reads."""
    return float(value) if value is not None and not isnan(value) and value >= 0 else 0.0


def _node(told: _Told, keyspace: str, load_mib: float | None, owns: float) -> Node:
    lost = [told.sum_of(table, *_LOST) for table in ("internode_inbound", "internode_outbound")]
    return Node(
        address=str(told.host.address),
        data_centre=told.host.datacenter or "",
        rack=told.host.rack or "",
        state=told.state,
        owns=owns,
        version=told.local.release_version if told.local else "",
        schema=str(told.local.schema_version) if told.local else "",
        load_mib=load_mib,
        pending_compactions=told.of_pool("pending_tasks", "CompactionExecutor"),
        dropped_messages=None if None in lost else sum(one or 0 for one in lost),
        blocked_requests=told.of_pool("blocked_tasks_all_time"),
        hinted_nodes=len(told.figures["pending_hints"]) if "pending_hints" in told.figures else None,
        tables=tuple(_tables(told, keyspace)),
        problem=told.problem,
    )


def _tables(told: _Told, keyspace: str) -> Iterable[NodeTable]:
    disk = told.of_table("disk_usage", "mebibytes", keyspace)
    largest = told.of_table("max_partition_size", "mebibytes", keyspace)
    read, write = (told.of_table(f"local_{what}_latency", "p99th_ms", keyspace) for what in ("read", "write"))
    tombstones = told.of_table("tombstones_per_read", "p99th", keyspace)
    for name in (table.name for table in TABLES if table.name in disk):
        yield NodeTable(
            name=name,
            disk_mib=round(disk[name]),
            largest_partition_mib=round(largest.get(name, 0.0)),
            read_ms=round(read.get(name, 0.0), 3),
            write_ms=round(write.get(name, 0.0), 3),
            tombstones_a_read=tombstones.get(name, 0.0),
        )


def _loads(told: Iterable[Figures]) -> dict[str, float]:
    """Returns what nodes store, in MiB, as they tell each other: so also of a node that is down."""
    rows = [row for figures in told for row in figures.get("gossip_info", ())]
    found: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: int(getattr(row, "load_version", None) or 0)):
        if load := getattr(row, "load", None):
            found[str(row.address)] = round(float(load) / MIB, 1)
    return found


def _shares(session: Session) -> dict[Host, float]:
    """Returns the part of the ring, 0..1, of which each node has the first copy."""
    owned: dict[Host, int] = defaultdict(int)
    tokens = session.cluster.metadata.token_map
    ring = tokens.ring if tokens is not None else []
    for before, token in zip([*ring[-1:], *ring[:-1]], ring, strict=True):
        if isinstance(token.value, int):  # as with Murmur3Partitioner, the only one that is made today
            owned[tokens.token_to_host_owner[token]] += (token.value - before.value) % RING or RING
    return defaultdict(float, {host: number / RING for host, number in owned.items()})


def _copies(session: Session, settings: Settings) -> int:
    """Returns the copies of each row in the data centre that Pulso asks; 0 if there is no keyspace yet."""
    keyspace = session.cluster.metadata.keyspaces.get(settings.keyspace)
    strategy = keyspace.replication_strategy if keyspace else None
    by_centre = getattr(strategy, "dc_replication_factors", None)
    if by_centre:
        return int(by_centre.get(settings.cassandra_dc) or max(by_centre.values()))
    return int(getattr(strategy, "replication_factor", 0) or 0)
