"""A ring as compose.yaml starts it, by the same commands: it begins with two nodes, grows, and loses one."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console

from deploy.answers import Login, ask_cassandra
from deploy.jars import fetch_engine_jars
from tests.conftest import SHIPPED_TOPICS
from tests.support.cluster import ADDRESSES, free_cql_port
from tests.support.commands import Done, end, run_command, start_logged
from tests.support.engine_set import HOME
from tests.support.ground import generated
from tests.support.ports import LOCAL, free_port

POSTS = 2_000
PASSWORDS = {
    f"CASSANDRA_{part}_PASSWORD": f"of-{part.lower()}-1" for part in ("INGEST", "JOBS", "READERS", "SCHEDULES")
}
ADMIN = {"PULSO_CASSANDRA_USER": "pulso", "PULSO_CASSANDRA_PASSWORD": "of-the-admin"}
INGEST = {"PULSO_CASSANDRA_USER": "pulso_ingest", "PULSO_CASSANDRA_PASSWORD": "of-ingest-1"}
READERS = {"PULSO_CASSANDRA_USER": "pulso_readers", "PULSO_CASSANDRA_PASSWORD": "of-readers-1"}
REDIS = {"REDIS_INGEST_PASSWORD": "of-redis", "REDIS_OPERATOR_PASSWORD": "of-the-operator"}
PATIENCE = 240.0


@dataclass
class Ring:
    """The nodes, each with a home and an address of its own, and a Redis."""

    folder: Path
    cql: int = field(default_factory=free_cql_port)
    redis: int = field(default_factory=free_port)
    running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def start(self, name: str, *words: str, **environment: str) -> None:
        """Starts `python -m deploy …`; its PULSO_HOME is named like it."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        given = {**self.environment, **environment, "PULSO_HOME": str(home)}
        self.running[name] = start_logged(self.folder / f"{name}.log", "deploy", *words, **given)

    def node(self, number: int) -> None:
        """Starts a node, and waits until it answers."""
        address = ADDRESSES[number]
        words = ("--address", address, "--seeds", ",".join(ADDRESSES[:2]), "--rack", f"rack{number + 1}")
        more = ("--heap", "768M", "--jmx-port", str(free_port()))
        self.start(f"node{number}", "node", *words, *more, **ADMIN)
        process, until = self.running[f"node{number}"], time.monotonic() + PATIENCE
        while ask_cassandra(address, self.cql, Login("nobody", "x")) is None:
            assert process.poll() is None, self.log(number)
            assert time.monotonic() < until, self.log(number)
            time.sleep(1)

    def log(self, number: int) -> str:
        """The end of a node's log."""
        return (self.folder / f"node{number}.log").read_text()[-3000:]

    def attempt(self, module: str, *words: str, **environment: str) -> Done:
        """Runs a command against the ring."""
        given = {**self.environment, **environment}
        return run_command(module, *words, timeout=900, **given)  # type: ignore[arg-type]

    def run(self, module: str, *words: str, **environment: str) -> str:
        """Runs a command against the ring, and returns its output; fails unless it succeeds."""
        done = self.attempt(module, *words, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def nodetool(self, number: int, *words: str) -> str:
        """Runs nodetool on a node."""
        return self.run("deploy", "nodetool", "--", *words, PULSO_HOME=str(self.folder / f"node{number}"))

    def stop(self, name: str) -> None:
        """Stops a process as `docker stop` does."""
        process = self.running.pop(name)
        process.terminate()
        process.wait(timeout=180)

    @property
    def environment(self) -> dict[str, str]:
        """What makes commands use the ring."""
        return {
            "PULSO_HOME": str(self.folder / "home"),
            "PULSO_TOPICS_DIR": str(SHIPPED_TOPICS),
            "PULSO_KEYSPACE": "pulso",
            "PULSO_CASSANDRA_HOSTS": ADDRESSES[1],  # which runs in every test
            "PULSO_CASSANDRA_PORT": str(self.cql),
            "PULSO_CASSANDRA_DC": "dc1",
            "PULSO_REPLICATION": "dc1:3",
            "PULSO_REDIS_URL": f"redis://pulso_ingest:of-redis@{LOCAL}:{self.redis}/0",
        }


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ring]:
    """Two nodes with users and tables, and a Redis."""
    made = Ring(tmp_path_factory.mktemp("ring"))
    HOME.mkdir(exist_ok=True)
    fetch_engine_jars(HOME, Console(quiet=True))
    for number in range(len(ADDRESSES)):
        (made.folder / f"node{number}").mkdir()
        (made.folder / f"node{number}" / "lib").symlink_to(HOME / "lib")
    try:
        made.start("redis", "redis", "--address", LOCAL, **REDIS)
        made.node(0)
        made.node(1)
        told = made.run("deploy", "first-start", **ADMIN, **PASSWORDS)
        assert "lets pulso in" in told
        assert "made table posts" in told
        yield made
    finally:
        for one in made.running.values():
            end(one)


def test_first_start_can_be_repeated_and_only_its_users_get_in(ring: Ring) -> None:
    assert len(ring.run("deploy", "first-start", **ADMIN, **PASSWORDS).splitlines()) == 2
    known = {"PULSO_CASSANDRA_USER": "cassandra", "PULSO_CASSANDRA_PASSWORD": "cassandra"}
    assert "refuses the login" in ring.attempt("ingest", "migrate", **known).stderr
    made = ring.attempt("ingest", "migrate", **READERS, PULSO_KEYSPACE="another")
    assert made.returncode == 1
    assert "refuses this user" in made.stderr


def test_changed_passwords_are_set(ring: Ring) -> None:
    changed = {**PASSWORDS, "CASSANDRA_JOBS_PASSWORD": "of-jobs-2"}
    ring.run("deploy", "first-start", **ADMIN, **changed)
    jobs = {"PULSO_CASSANDRA_USER": "pulso_jobs"}
    ring.run("readers", "runs", "--topic", "ph2016", PULSO_CASSANDRA_PASSWORD="of-jobs-2", **jobs)
    old = ring.attempt("readers", "runs", "--topic", "ph2016", PULSO_CASSANDRA_PASSWORD="of-jobs-1", **jobs)
    assert "refuses the login" in old.stderr
    wrong = ring.attempt("deploy", "first-start", **ADMIN, **{**PASSWORDS, "CASSANDRA_JOBS_PASSWORD": ""})
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "the password of pulso_jobs is empty" in wrong.stderr


def test_a_node_joins_and_one_is_lost_and_no_post_is_missing(ring: Ring) -> None:
    posts = generated(POSTS, 7, ring.folder / "posts.jsonl")
    ring.run("ingest", "replay", str(posts), "--topic", "ph2016", **INGEST)
    ring.run("ingest", "work", "--drain", **INGEST)
    ring.node(2)
    status = ring.nodetool(0, "status")
    assert status.count("UN  ") == len(ADDRESSES), status
    assert {"rack1", "rack2", "rack3"} <= set(status.split())
    for number in range(len(ADDRESSES)):
        ring.nodetool(number, "repair", "--full", "--partitioner-range", "pulso")
        ring.nodetool(number, "cleanup")
    ring.stop("node0")
    out = ring.folder / "ids"
    ring.run("readers", "pack", "--topic", "ph2016", "--posts", "ids", "--out", str(out), **READERS)
    assert sum(len(file.read_text().splitlines()) for file in (out / "ids").iterdir()) == POSTS
