"""Live collection while Redis takes nothing for longer than the memory lasts: the posts go to disk, and are stored.

Real processes: `ingest stream` from the local X server, with a small buffer, and a Redis that is killed, stopped,
full or a replica meanwhile.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import MIB
from conf.topic import load_topic
from corpus import generate
from ingest.live.spill import FIRST, spill_path
from stores.connect import cassandra_session
from stores.coverage import Gap, read_records
from tests.conftest import SHIPPED_TOPICS
from tests.support.commands import start_command
from tests.support.ground import Ground, Key, lines_of
from tests.support.live import kill, state_of, stop, wait_for
from tests.support.ports import free_port
from tests.support.scraping import reaches
from tests.support.x_server import TOKEN, XServer

SEED = 2017
POSTS = 6_000
BEFORE = 1_000
"""Posts that are queued before the fault."""
MEMORY = 4 * MIB
"""Bytes of posts in memory, half of what is sent; the file is used from the half of it on."""
BURST = 200
"""Posts that are sent at once: a burst must fit into the other half, since the disk may need a moment."""


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """The posts that X sends."""
    chunks = generate(load_topic("ph2016", SHIPPED_TOPICS), POSTS, SEED)
    return [line for chunk in chunks for line in chunk.splitlines()]


@pytest.fixture(scope="module")
def clean(own: Ground, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[Key, Any]:
    """What a replay without any fault stores."""
    return own.clean_run(lines_of(lines, tmp_path_factory.mktemp("c") / "c.jsonl"), POSTS)


Undo = Callable[[], object]
"""Ends a fault."""


class Stream:
    """A collector from a server of X, as a process."""

    def __init__(self, own: Ground, topic: str) -> None:
        self.own, self.topic = own, topic
        self.file = spill_path(own.settings.home, own.settings.stream, topic, "x")

    def tagged(self, lines: list[bytes]) -> list[bytes]:
        """Returns posts as X sends them to this topic: its rule matched them."""
        return [line.replace(b'"tag":"ph2016"', f'"tag":"pulso:{self.topic}"'.encode()) for line in lines]

    @contextmanager
    def running(self, *options: str) -> Iterator[tuple["subprocess.Popen[bytes]", XServer]]:
        """Starts the collector and a server of its own; the collector is connected."""
        with XServer(heartbeat=0.5) as server:
            server.rules.have(("ana", f"pulso:{self.topic}"))
            x = {"PULSO_X_API": server.address, "X_BEARER_TOKEN": TOKEN, "PULSO_LIVE_BUFFER_BYTES": str(MEMORY)}
            arguments = ("stream", "--topic", self.topic, "--source", "x", *options)
            process = start_command("ingest", *arguments, **self.own.environment, **x)
            try:
                wait_for(lambda: bool(server.connects), "a connection", process)
                yield process, server
            finally:
                if process.poll() is None:
                    process.kill()
                process.communicate()

    def send(self, server: XServer, lines: list[bytes]) -> None:
        """Sends posts as a network does in a busy minute: in bursts."""
        for start in range(0, len(lines), BURST):
            server.send(*lines[start : start + BURST])
            time.sleep(0.02)

    def queue_first(self, process: "subprocess.Popen[bytes]", server: XServer, lines: list[bytes]) -> None:
        """Sends the first posts, and waits until they are queued."""
        server.send(*lines[:BEFORE])
        wait_for(lambda: self.has_received(BEFORE), "the first posts", process)

    def fill_disk(
        self, process: "subprocess.Popen[bytes]", server: XServer, lines: list[bytes], fault: Callable[[Ground], Undo]
    ) -> Undo:
        """Has the first posts queued, lets a fault begin, and sends the others but the last, until they are on disk.

        Returns what ends the fault.
        """
        self.queue_first(process, server, lines)
        undo = fault(self.own)
        self.send(server, lines[BEFORE:-1])
        wait_for(lambda: self.has_kept(lines[-2]), "the posts on disk", process)
        return undo

    def has_received(self, count: int) -> bool:
        """Whether so many messages are queued."""
        with self.own.queue() as queue:
            state = state_of(queue, self.topic)
            return state is not None and state.received >= count

    def has_kept(self, line: bytes) -> bool:
        """Whether a message is in the file."""
        with suppress(FileNotFoundError):
            return line in self.file.read_bytes()
        return False

    def gaps(self) -> list[Gap]:
        """Returns the gaps, once all is stored."""
        self.own.drain()
        session: Session
        with cassandra_session(self.own.settings) as session:
            return list(read_records(session, self.own.settings.keyspace, self.topic)["x"].gaps)


@pytest.fixture
def stream(own: Ground, clean: dict[Key, Any]) -> Stream:
    """A collector of a topic of its own."""
    assert clean
    return Stream(own, own.new_topic())


def killed(own: Ground) -> Undo:
    own.kill("Redis")
    return own.up


def stopped(own: Ground) -> Undo:
    pid = own.pid("Redis")
    os.kill(pid, signal.SIGSTOP)
    return partial(os.kill, pid, signal.SIGCONT)


def full(own: Ground) -> Undo:
    return _configured(own, lambda client: client.config_set("maxmemory", 1), "maxmemory", "1gb")


def a_replica(own: Ground) -> Undo:
    """Redis becomes a replica of one that is not there: it can be read, and refuses every write."""
    with own.queue() as queue:
        queue.client.replicaof("127.0.0.1", free_port())
    return partial(_write_again, own)


def _write_again(own: Ground) -> None:
    with own.queue() as queue:
        queue.client.replicaof("NO", "ONE")


def _configured(own: Ground, begin: Callable[[Any], object], name: str, after: str) -> Undo:
    with own.queue() as queue:
        begin(queue.client)

    def undo() -> None:
        with own.queue() as queue:
            queue.client.config_set(name, after)

    return undo


@pytest.mark.parametrize("fault", [killed, stopped, full, a_replica])
def test_a_redis_that_takes_nothing_for_longer_than_the_memory_lasts_costs_no_post(
    own: Ground, stream: Stream, lines: list[bytes], clean: dict[Key, Any], fault: Callable[[Ground], Undo]
) -> None:
    lines = stream.tagged(lines)
    with stream.running() as (process, server):
        undo = stream.fill_disk(process, server, lines, fault)
        assert stream.file.stat().st_size > MEMORY
        began = time.monotonic()
        undo()
        server.send(lines[-1])
        wait_for(lambda: stream.has_received(POSTS), "all posts", process)
        assert f"{POSTS:,} received, {POSTS:,} queued; 0 gaps" in stop(process), "nothing shed"
    assert [(gap.reason, gap.end is None) for gap in stream.gaps()] == [("stopped", True)]
    assert stream.file.stat().st_size == FIRST
    own.account(f"stream: Redis {fault.__name__.replace('_', ' ')}", stream.topic, clean, time.monotonic() - began)


def test_what_a_killed_collector_had_on_disk_is_queued_by_the_next_one_and_the_gap_begins_after_it(
    own: Ground, stream: Stream, lines: list[bytes], clean: dict[Key, Any]
) -> None:
    lines = stream.tagged(lines)
    with stream.running() as (process, server):
        undo = stream.fill_disk(process, server, lines, killed)
        kept_at = stream.file.stat().st_mtime
        kill(process)
    began = time.monotonic()
    undo()
    with stream.running() as (process, server):
        server.send(lines[-1])
        wait_for(lambda: stream.has_received(POSTS), "all posts", process)
        stop(process)
    died, ended = stream.gaps()
    assert (died.reason, ended.reason) == ("the collector died", "stopped")
    assert abs(died.start.timestamp() - kept_at) < 1, "what is on disk was collected"
    assert died.end is not None
    assert died.end.timestamp() > kept_at
    own.account("stream: kill -9 with posts on disk", stream.topic, clean, time.monotonic() - began)


@pytest.mark.parametrize("fault", [killed, stopped, full])
def test_a_stop_while_redis_takes_nothing_ends_and_says_where_the_posts_are(
    own: Ground, stream: Stream, lines: list[bytes], clean: dict[Key, Any], fault: Callable[[Ground], Undo]
) -> None:
    lines, port = stream.tagged(lines), free_port()
    few = lines[BEFORE + 1 : BEFORE + 100]  # much less than the memory holds
    in_memory = f'pulso_stream_buffer_bytes{{source="x",topic="{stream.topic}"}}'
    with stream.running("--metrics-port", str(port)) as (process, server):
        stream.queue_first(process, server, lines)
        undo = fault(own)
        server.send(lines[BEFORE])
        wait_for(lambda: _heard(process, b"down or full"), "a word about Redis", None)
        server.send(*few)
        wait_for(reaches(port, in_memory, sum(map(len, few))), "the posts in memory", process)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    last = errors.decode().splitlines()[-1]
    assert last.startswith(f"error: Redis takes no messages; what is left is kept in {stream.file}. Start the same")
    began = time.monotonic()
    undo()
    with stream.running() as (process, server):
        stream.send(server, lines[BEFORE + 100 :])
        wait_for(lambda: stream.has_received(POSTS), "all posts", process)
        stop(process)
    assert [gap.reason for gap in stream.gaps()] == ["stopped", "stopped"]
    own.account(f"stream: SIGTERM, Redis {fault.__name__}", stream.topic, clean, time.monotonic() - began)


def _heard(process: "subprocess.Popen[bytes]", words: bytes) -> bool:
    """Reads a line of a process's log; returns whether it has these words."""
    assert process.stderr is not None
    return words in process.stderr.readline()
