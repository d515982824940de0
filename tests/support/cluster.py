"""A cluster of three real Cassandra nodes, each of which can be killed, paused and started again.

The nodes are those of `make up`, on 127.0.1.1 to .3 instead of 127.0.0.1. Each row is on all three nodes.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import WhiteListRoundRobinPolicy
from rich.console import Console

from conf.errors import PulsoError
from deploy.backup.nodetool import run_nodetool
from deploy.cassandra_server import CassandraServer
from deploy.engines import Engines
from deploy.jars import fetch_engine_jars
from deploy.lifecycle import find, start, wait_until_answering
from deploy.node import JMX_OFFSET, STORAGE_OFFSET, Node
from deploy.ports import is_free
from deploy.process import wait_ended
from stores.refused import FAILURES
from tests.support.commands import run_command
from tests.support.engine_set import HOME
from tests.support.ground import Ground, settings_in
from tests.support.ports import LOCAL
from tests.support.quick import QUICK, instead

ADDRESSES = ("127.0.1.1", "127.0.1.2", "127.0.1.3")
DATA_CENTRE = "datacenter1"
"""What Cassandra's SimpleSnitch calls the only data centre."""
HEAP = "768M"
TOKENS = 16
OPTIONS = (
    *QUICK,
    *("-Dcassandra.enable_nodelocal_queries=true", "-Dcassandra.test.flush_local_schema_changes=false"),
)
PATIENCE = 180.0
REQUEST_SECONDS = 30.0
NODE_LOCAL = 11
"""The consistency level at which a node reads its own rows and asks no other; only for tests, and off by default."""
ON_ALL_NODES = "SELECT parent_id FROM system_distributed.parent_repair_history WHERE parent_id = now()"
"""A query on a table of Cassandra's own, which has three copies of each row."""
_QUIET = Console(quiet=True)


class OpenNode(CassandraServer):
    """A node without a login, which lets the other nodes in."""

    def login(self) -> None:
        """There is none."""


@dataclass
class ThreeNodes:
    """The nodes, by number: 0 to 2."""

    servers: list[OpenNode]
    paused: set[int] = field(default_factory=set)

    def up(self) -> None:
        """Starts the nodes that do not run, resumes those that are paused, and waits until each sees all others."""
        for number in list(self.paused):
            self.resume(number)
        wait_until_answering([start(one) for one in self.servers if not find(one)], PATIENCE, _QUIET)
        for number in range(len(self.servers)):
            self._wait_until_it_sees_all(number)

    def start(self, number: int) -> None:
        """Starts one node, and waits until it answers."""
        wait_until_answering([start(self.servers[number])], PATIENCE, _QUIET)

    def kill(self, *numbers: int) -> None:
        """Kills nodes as `kill -9` does, and waits until they are gone."""
        processes = [self._process(number) for number in numbers]
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        for process in processes:
            assert wait_ended(process, 30)

    def pause(self, number: int) -> None:
        """Stops a node in its tracks: its connections stay, and nothing answers on them."""
        self._process(number).suspend()
        self.paused.add(number)

    def resume(self, number: int) -> None:
        """Lets a paused node go on."""
        self._process(number).resume()
        self.paused.discard(number)

    def down(self) -> None:
        """Kills all nodes that run; their data is of no use to anybody."""
        for number in list(self.paused):
            self.resume(number)
        self.kill(*(number for number, one in enumerate(self.servers) if find(one)))

    def tool(self, number: int, *arguments: str) -> str:
        """Runs `nodetool` on a node; returns what it says. Fails unless it succeeds."""
        return "\n".join(run_nodetool(self.servers[number].folder, arguments))

    @contextmanager
    def at(self, number: int, consistency: int = ConsistencyLevel.ONE) -> Iterator[Session]:
        """Yields a session that asks this node only."""
        address = ADDRESSES[number]
        only = WhiteListRoundRobinPolicy([address])
        profile = ExecutionProfile(only, consistency_level=consistency, request_timeout=REQUEST_SECONDS)
        port = self.servers[number].node.cql_port
        profiles = {EXEC_PROFILE_DEFAULT: profile}
        cluster = Cluster(
            [address],
            port=port,
            execution_profiles=profiles,
            protocol_version=5,
            connect_timeout=REQUEST_SECONDS,
        )
        try:
            yield cluster.connect()
        finally:
            cluster.shutdown()

    def rows_of(self, number: int, query: str) -> list[Any]:
        """Returns what a node itself holds, and asks no other node."""
        with self.at(number, NODE_LOCAL) as session:
            return list(session.execute(query))

    def _process(self, number: int) -> psutil.Process:
        process = find(self.servers[number])
        assert process, f"{ADDRESSES[number]} does not run"
        return process

    def _wait_until_it_sees_all(self, number: int) -> None:
        until = time.monotonic() + PATIENCE
        with self.at(number, ConsistencyLevel.ALL) as session:
            while True:
                with suppress(*FAILURES):
                    session.execute(ON_ALL_NODES)
                    return
                assert time.monotonic() < until, f"{ADDRESSES[number]} does not see the other nodes"
                time.sleep(0.2)


@contextmanager
def three_nodes(folder: Path, options: tuple[str, ...] = OPTIONS) -> Iterator[ThreeNodes]:
    """Yields a running cluster; kills it at the end. Skips the test where this machine lacks the addresses.

    `options` are those of each node's JVM.
    """
    cql = free_cql_port()
    HOME.mkdir(exist_ok=True)
    fetch_engine_jars(HOME, _QUIET)
    seeds = tuple(f"{address}:{cql - STORAGE_OFFSET}" for address in ADDRESSES)
    nodes = [
        Node(
            *(folder / f"node{i}", HOME / "lib", address, cql, cql - STORAGE_OFFSET, cql - JMX_OFFSET + i, HEAP, seeds),
            options=options,
        )
        for i, address in enumerate(ADDRESSES)
    ]
    made = ThreeNodes([_server(node, number) for number, node in enumerate(nodes)])
    try:
        made.up()
        yield made
    finally:
        made.down()


def _server(node: Node, number: int) -> OpenNode:
    """Returns a node as one of three.

    Its tokens are given, so all nodes can be started at once. Without hints, a node that was away lacks what was
    written meanwhile until it is repaired.
    """
    step = 2**64 // (TOKENS * len(ADDRESSES))
    tokens = (str(-(2**63) + step * (len(ADDRESSES) * i + number)) for i in range(TOKENS))
    settings = instead(initial_token=",".join(tokens), hinted_handoff_enabled="false")
    return OpenNode(replace(node, options=(*node.options, *settings)))


def free_cql_port() -> int:
    """Returns a CQL port that is free on all three addresses, as are the ports that follow from it."""
    while True:
        cql = random.randint(20_000, 30_000)
        wanted = [(address, port) for address in ADDRESSES for port in (cql, cql - STORAGE_OFFSET)]
        wanted += [(LOCAL, cql - JMX_OFFSET + i) for i in range(len(ADDRESSES))]
        try:
            if all(is_free(host, port) for host, port in wanted):
                return cql
        except PulsoError as error:
            pytest.skip(f"no cluster can run here: {error}")


def _migrate(made: Ground, nodes: ThreeNodes) -> None:
    """Makes the tables, and lets each node write them to its disk: until then one that is killed would forget them.

    On a busy machine three nodes may take long to agree on a table; the command can be repeated.
    """
    for _ in range(4):
        done = run_command("ingest", "migrate", **made.environment)  # type: ignore[arg-type]
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda number: nodes.tool(number, "flush", "system_schema"), range(len(ADDRESSES))))


@contextmanager
def cluster_ground(folder: Path, options: tuple[str, ...] = OPTIONS) -> Iterator[tuple[Ground, ThreeNodes]]:
    """Yields a Redis of a test's own beside a cluster, with migrated tables; stops both at the end."""
    with three_nodes(folder, options) as nodes:
        settings = settings_in(
            folder / "ground",
            cassandra_hosts=ADDRESSES,
            cassandra_port=nodes.servers[0].node.cql_port,
            cassandra_dc=DATA_CENTRE,
            replication=str(len(ADDRESSES)),
        )
        made = Ground(settings, Engines(settings, console=_QUIET))
        try:
            made.up()
            _migrate(made, nodes)
            yield made, nodes
        finally:
            made.down()
