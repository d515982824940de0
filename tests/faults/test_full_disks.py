"""A disk that is full under Redis's log, Cassandra's commit log, and the archive: what is acked stays, the rest waits.

When there is room again, all goes on without anybody's help.
"""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.redis_server import find_redis
from ingest.live.archive import TRY_AGAIN
from ingest.queue.posts_queue import PostsQueue
from ingest.replay.captures import open_captures
from tests.support import accounts
from tests.support.commands import start_command
from tests.support.full_disk import full_disk, largest
from tests.support.ground import Ground, Key
from tests.support.live import state_of
from tests.support.logged_process import LoggedProcess
from tests.support.programs import program
from tests.support.x_runs import line
from tests.support.x_server import TOKEN, XServer

SEGMENT = 1024 * 1024
"""The size of a file of the commit log: small, so that a new one is needed, and fails, soon."""
PATIENCE = 120.0
WAITS = "Cassandra or Redis is down or full"
NO_SEGMENT = "Failed managing commit log segments"


@pytest.fixture(scope="module", autouse=True)
def _may_be_full(own: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Starts the engines again, so that their disk may be full.

    Redis runs with the signal ignored that would end it at a limit of its files: on a full disk, no signal comes.
    Cassandra's log begins anew: one that other modules made longer than the limit takes no line, and the test reads it.
    """
    bin_ = tmp_path_factory.mktemp("full") / "bin"
    program(bin_, "redis-server", f"trap '' XFSZ\nexec '{find_redis()}' \"$@\"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(bin_), prepend=":")
        own.kill_all()
        shutil.rmtree(own.settings.home / "logs" / "cassandra")
        own.start_again(commitlog_segment_size=f"{SEGMENT >> 20}MiB")
        yield


def wait_until(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.05)


def test_redis_cannot_write_its_log(own: Ground, topic: str, corpus: Path, clean: dict[Key, Any]) -> None:
    second = own.new_topic()
    began = time.monotonic()
    with own.queue() as queue:
        worker = own.draining()
        waited = worker.told(WAITS)  # on a busy machine it may have waited before
        with full_disk(own.pid("Redis"), largest(own.settings.home / "redis")):
            wait_until(lambda: queue.client.info("persistence")["aof_last_write_status"] == "err", "a failed write")
            before = queue.backlog()
            replay = start_command("ingest", "replay", str(corpus), "--topic", second, **own.environment)
            told = own.command("status", "--json").stdout
            assert json.loads(told)["backlog"] == before
            worker.wait_for(WAITS, before=waited)
            assert (replay.poll(), queue.backlog()) == (None, before), "Redis acks or queues what it cannot keep"
        _, errors = replay.communicate(timeout=PATIENCE)
        assert replay.returncode == 0, errors.decode()
        worker.ends_well()
        own.drain()
    seconds = time.monotonic() - began
    own.account("disk full under Redis's AOF", topic, clean, seconds)
    own.account("a replay meanwhile", second, clean, seconds)


def test_cassandra_cannot_write_its_commit_log(own: Ground, topic: str, clean: dict[Key, Any]) -> None:
    began = time.monotonic()
    worker = own.draining()
    home, waited = own.settings.home, worker.told(WAITS)
    log = home / "logs" / "cassandra" / "system.log"
    with own.queue() as queue, full_disk(own.pid("Cassandra"), SEGMENT // 2):
        worker.wait_for(WAITS, before=waited)
        before, tries = queue.backlog(), log.read_text().count(NO_SEGMENT)
        wait_until(lambda: log.read_text().count(NO_SEGMENT) > tries + 3, "Cassandra tries again")
        assert (worker.process.poll(), queue.backlog()) == (None, before), "something is acked that is on no disk"
        assert before > 0
    worker.ends_well()
    own.account("disk full under Cassandra's commit log", topic, clean, time.monotonic() - began)
    own.kill("Cassandra")  # what was acked is in the commit log, and not only in memory
    own.up()
    own.account("and Cassandra: kill -9 after that", topic, clean, time.monotonic() - began)


def test_the_archive_cannot_be_written(own: Ground, clean: dict[Key, Any]) -> None:
    name = own.new_topic()
    with (own.settings.topics_dir / f"{name}.yaml").open("a") as file:
        file.write("collect: {keywords: [ana], archive: true}\n")
    folder = own.settings.home / "archive" / name

    def files() -> list[Path]:
        return sorted(folder.rglob("*.zst"))

    with XServer(heartbeat=0.5) as server, own.queue() as queue:
        server.rules.have(("ana", f"pulso:{name}"))
        stream = LoggedProcess(_stream(own, server, name))
        sent = _sent(server, queue, name, 0)
        wait_until(lambda: files() and files()[0].stat().st_size, "a file")
        with full_disk(stream.process.pid, files()[0].stat().st_size):
            sent = _sent(server, queue, name, sent)
            wait_until(lambda: _state(queue, name).unarchived, "a line that is not archived")
        began = time.monotonic()
        while len(files()) < 2:
            assert time.monotonic() - began < 2 * TRY_AGAIN, "the archive does not go on"
            sent = _sent(server, queue, name, sent)
            time.sleep(1)
        stream.process.send_signal(signal.SIGTERM)
        stream.ends_well()
        state = _state(queue, name)
    assert stream.told("can't be written") == 1
    assert (state.accepted, state.gaps) == (sent, 0), "there is no gap: the first connection begins the record"
    assert all(file.stat().st_size for file in files())
    archived = sum(1 for capture in open_captures(list(map(str, files()))) for _ in capture.documents())
    assert archived + state.unarchived == sent
    own.drain()
    stored = len(own.contents(name))
    accounts.add("disk full under the archive", (sent, stored, sent - stored, 0, 0), time.monotonic() - began)
    assert stored == sent


def _stream(own: Ground, server: XServer, topic: str) -> "subprocess.Popen[bytes]":
    environment = {**own.environment, "PULSO_X_API": server.address, "X_BEARER_TOKEN": TOKEN}
    process = start_command("ingest", "stream", "--topic", topic, "--source", "x", **environment)
    wait_until(lambda: server.connects, "a connection")
    return process


def _sent(server: XServer, queue: PostsQueue, topic: str, before: int) -> int:
    """Sends 50 more posts, and waits until all are queued; returns how many were sent in all."""
    server.send(*(line(str(10_000 + before + i), f"pulso:{topic}") for i in range(50)))
    wait_until(lambda: _state(queue, topic).accepted == before + 50, "50 posts")
    return before + 50


def _state(queue: PostsQueue, topic: str) -> Any:
    state = state_of(queue, topic)
    assert state is not None
    return state
