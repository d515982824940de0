"""A Cassandra node: its address, ports, heap and folders, and its configuration files."""

import re
from dataclasses import dataclass
from pathlib import Path

import psutil

from conf.credentials import Credential
from conf.errors import PulsoError, WrongUse
from deploy.between_nodes import closed
from deploy.credentials import write_private
from deploy.ports import Port
from deploy.server import fill, quoted

STORAGE_OFFSET = 2042
"""The storage port is the CQL port minus this number: 7000 for 9042."""
JMX_OFFSET = 1843
"""The JMX port is the CQL port minus this number: 7199 for 9042."""
SMALL_MACHINE = 8 * 2**30
CELLS_SHARE, LEAST_CELLS = 32, 16
"""All memtables together may have cells as large as one part in so many of the heap, and so many MiB in any case.

They are outside the heap. A memtable with a third of them is written to disk: some 30,000 posts, at a heap of 2 GB.
"""
MEMTABLE_HEAP = 4
"""The rest of the memtables may take so many times as much, on the heap; that of posts takes about as much."""
INDEX_BUFFER_SHARE = 16
"""All compactions together may fill one part in so many of the heap with entries of indexes."""
LEAST_INDEX_BUFFER = 16
"""And so many MiB in any case."""
FIX = "set PULSO_CASSANDRA_PORT to another, such as 9142; the storage and JMX ports are computed from it"
LOGBACK = Path(__file__).parent / "logback.xml"


FAST = """\
# Passwords are long and random, so a slow hash would only make each connection slow.
-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4
# For a fast local start and stop. Not for a production node.
-Dcassandra.superuser_setup_delay_ms=0
-Dcassandra.ring_delay_ms=1000
-Dcassandra.skip_wait_for_gossip_to_settle=0
-Dcassandra.shutdown_announce_in_ms=0"""
"""The JVM's options of a node without others. The nodes of a ring need time to agree on its state."""
ALONE = "endpoint_snitch: SimpleSnitch"
RING = "endpoint_snitch: GossipingPropertyFileSnitch\nallocate_tokens_for_local_replication_factor: 3"
"""How cassandra.yaml says where a node stands. A new node of a ring takes tokens that spread three copies evenly."""
RACK_FILE = "cassandra-rackdc.properties"


@dataclass(frozen=True)
class Place:
    """Where a node of a ring of one's own stands: Cassandra puts the copies of a row into different racks."""

    dc: str = "dc1"
    rack: str = "rack1"


@dataclass(frozen=True)
class Node:
    """One node. All its configuration files are made from these fields.

    The folders cassandra/, logs/ and run/ are made in `home`; `lib` holds the jars. Each node of a cluster has its own
    home, address and JMX port; all JMX ports listen on 127.0.0.1. All nodes have the same `seeds`, written as
    host:storage_port. A node with a `place` is one of a ring that is there to stay: it lets other
    nodes in, takes its time to start and to stop, and logs to stdout.
    """

    home: Path
    lib: Path
    address: str = "127.0.0.1"
    cql_port: int = 9042
    storage_port: int = 7000
    jmx_port: int = 7199
    heap: str = "2G"
    seeds: tuple[str, ...] = ("127.0.0.1:7000",)
    place: Place | None = None
    options: tuple[str, ...] = ()
    """More options of its JVM."""

    @property
    def folder(self) -> Path:
        """The working folder of the node, with its data."""
        return self.home / "cassandra"

    @property
    def logs(self) -> Path:
        """The folder of system.log."""
        return self.home / "logs" / "cassandra"

    @property
    def data(self) -> Path:
        """The folder of the tables."""
        return self.folder / "data"

    @property
    def ports(self) -> tuple[Port, ...]:
        """The ports that the node listens on; the first is for clients."""
        return (
            Port("Cassandra's CQL", self.address, self.cql_port, FIX),
            Port("Cassandra's storage", self.address, self.storage_port, FIX),
            Port("Cassandra's JMX", "127.0.0.1", self.jmx_port, FIX),
        )


def make_node(
    home: Path,
    address: str,
    cql_port: int,
    heap: str | None = None,
    *,
    lib: Path | None = None,
    seeds: tuple[str, ...] = (),
    place: Place | None = None,
) -> Node:
    """Returns a node; without a place, the single one of an embedded Cassandra. `seeds` are hosts, by default its own.

    Raises WrongUse if `heap` is not a size.
    """
    if heap is not None and not re.fullmatch(r"[1-9]\d*[MGmg]", heap):
        raise WrongUse(f"the heap {heap!r} is not a size", "Write a size such as 1G or 768M")
    storage, jmx = cql_port - STORAGE_OFFSET, cql_port - JMX_OFFSET
    known = tuple(f"{host}:{storage}" for host in seeds or (address,))
    return Node(home, lib or home / "lib", address, cql_port, storage, jmx, heap or default_heap(), known, place)


def default_heap() -> str:
    """1 GB if the machine has less than 8 GiB of memory, else 2 GB."""
    return "1G" if psutil.virtual_memory().total < SMALL_MACHINE else "2G"


def render(node: Node, login: Credential | None = None) -> None:
    """Makes the node's folders and writes cassandra.yaml, jvm.options and classpath.options.

    With a login, clients need one, JMX needs this one, and no other node is let in unless the node has a place in a
    ring. Raises PulsoError when the jars are missing.
    """
    for folder in (node.folder / "tmp", node.folder / "triggers", node.logs, node.home / "run"):
        folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, dict[str, object]] = {
        "cassandra.yaml": {**_yaml_values(node), **_login_values(node, login)},
        "jvm.options": {**_jvm_values(node), "jmx_login": _jmx_login(node, login)},
        "classpath.options": {"classpath": quoted(node.lib / "*")},
    }
    for file, values in files.items():
        (node.folder / file).write_text(fill(file, values), encoding="utf-8")
    if node.place:
        (node.folder / RACK_FILE).write_text(f"dc={node.place.dc}\nrack={node.place.rack}\n", encoding="utf-8")


def _yaml_values(node: Node) -> dict[str, object]:
    folders = {name: quoted(node.folder / name) for name in ("commitlog", "saved_caches", "hints", "cdc_raw")}
    ports = {"cql_port": node.cql_port, "storage_port": node.storage_port}
    seeds = quoted(",".join(node.seeds))
    own = {"data": quoted(node.data), "seeds": seeds, "address": quoted(node.address)}
    buffer = max(_mebibytes(node.heap) // INDEX_BUFFER_SHARE, LEAST_INDEX_BUFFER)
    cells = max(_mebibytes(node.heap) // CELLS_SHARE, LEAST_CELLS)
    sizes = {"index_buffer": buffer, "memtable_cells": cells, "memtable_heap": MEMTABLE_HEAP * cells}
    return {**own, **folders, **ports, **sizes, "placement": RING if node.place else ALONE}


def _mebibytes(heap: str) -> int:
    return int(heap[:-1]) * (1024 if heap[-1] in "Gg" else 1)


def _jvm_values(node: Node) -> dict[str, object]:
    rack = quoted((node.folder / RACK_FILE).as_uri())
    return {
        "pace": f"-D{RACK_FILE}={rack}\n-Dpulso.log=STDOUT" if node.place else FAST,
        "options": "\n".join(node.options),
        "heap": node.heap,
        "tmp": quoted(node.folder / "tmp"),
        "error_file": quoted(node.logs / "hs_err_pid%p.log"),
        "config": quoted((node.folder / "cassandra.yaml").as_uri()),
        "storage": quoted(node.folder),
        "triggers": quoted(node.folder / "triggers"),
        "logs": quoted(node.logs),
        "logback": quoted(LOGBACK),
        "jmx_port": node.jmx_port,
        "jamm": quoted(_jamm(node.lib)),
    }


def _login_values(node: Node, login: Credential | None) -> dict[str, object]:
    if login is None:
        return {"authenticator": "AllowAllAuthenticator", "authorizer": "AllowAllAuthorizer", "between_nodes": ""}
    own = {"authenticator": "PasswordAuthenticator", "authorizer": "CassandraAuthorizer"}
    return {**own, "between_nodes": "" if node.place else closed(node.folder)}


def _jmx_login(node: Node, login: Credential | None) -> str:
    """The options with which JMX needs the login, after writing the files that they name; empty without one.

    nodetool takes the same file of passwords (-pwf).
    """
    if login is None:
        return ""
    passwords, access = node.folder / "jmx.password", node.folder / "jmx.access"
    write_private(passwords, f"{login.user} {login.password}\n")
    write_private(access, f"{login.user} readwrite\n")
    prefix = "-Dcom.sun.management.jmxremote"
    return (
        f"{prefix}.authenticate=true\n{prefix}.password.file={quoted(passwords)}\n{prefix}.access.file={quoted(access)}"
    )


def _jamm(lib: Path) -> Path:
    """The jar of the agent that measures memory, in the version that came with Cassandra."""
    found = sorted(lib.glob("jamm-*.jar"))
    if not found:
        raise PulsoError(f"there is no jamm jar in {lib}", "Run make setup")
    return found[-1]
