"""A long collection shortened by scale: steady posts with bursts, a slow Cassandra in the middle, and a ledger.

`make soak` runs it with 300,000 posts, a steady 1,000/s with bursts to 5,000/s, and Cassandra slow for one minute.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cassandra.cluster import Session
from rich.console import Console

from conf.settings import Settings
from conf.topic import Topic
from deploy.engines import Engines
from ingest.queue.posts_queue import PostsQueue
from stores.coverage import read_records
from tests.support.commands import run_command, start_command
from tests.support.live import state_of, stop, streaming, wait_for
from tests.support.x_runs import line
from tests.support.x_server import TOKEN, XServer

STEADY, BURST = 1000, 5000
TICK = 0.05
BURST_EVERY, BURST_SECONDS = 30.0, 3.0


@contextmanager
def slow_cassandra(settings: Settings, after: float, seconds: float) -> Iterator[None]:
    """Cassandra stands still for four fifths of every second, for a while."""
    cassandra = next(s for s in Engines(settings, console=Console(quiet=True)).status() if s.engine == "Cassandra")
    pid = cassandra.pid
    assert pid
    over = threading.Event()

    def slow() -> None:
        over.wait(after)
        until = time.monotonic() + seconds
        while time.monotonic() < until and not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            over.wait(0.8)
            os.kill(pid, signal.SIGCONT)
            over.wait(0.2)

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def send(server: XServer, topic: str, posts: int, memory: list[int], queue: PostsQueue) -> None:
    """Sends the ledger at its pace; notes Redis's memory now and then."""
    began, sent, due = time.monotonic(), 0, 0.0
    while sent < posts:
        now = time.monotonic() - began
        bursting = now % BURST_EVERY > BURST_EVERY - BURST_SECONDS
        due += TICK * (BURST if bursting else STEADY)
        count = min(int(due), posts) - sent
        server.send(*(line(str(1_000_000 + i), f"pulso:{topic}") for i in range(sent, sent + count)))
        sent += count
        if sent // 1000 != (sent - count) // 1000:
            memory.append(int(queue.client.info("memory")["used_memory"]))
        time.sleep(max(0.0, TICK - (time.monotonic() - began - now)))


def test_nothing_is_lost_and_the_network_never_waits(
    stream: PostsQueue,
    session: Session,
    settings: Settings,
    topic: Topic,
    monkeypatch: pytest.MonkeyPatch,
    soak_posts: int,
) -> None:
    memory: list[int] = []
    with XServer(heartbeat=0.5) as server:
        server.rules.have(("ana", f"pulso:{topic.topic}"))
        monkeypatch.setenv("PULSO_X_API", server.address)
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        expected_seconds = soak_posts / (STEADY + (BURST - STEADY) * BURST_SECONDS / BURST_EVERY)
        with streaming(topic.topic, "x") as collector:
            worker = start_command("ingest", "work")
            try:
                wait_for(lambda: bool(server.connects), "a connection", collector)
                with slow_cassandra(settings, expected_seconds / 3, min(60.0, expected_seconds / 3)):
                    send(server, topic.topic, soak_posts, memory, stream)
                wait_for(
                    lambda: (s := state_of(stream, topic.topic)) is not None and s.received == soak_posts,
                    "all of them",
                    collector,
                )
                stop(collector)
            finally:
                worker.terminate()
                _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
        assert len(server.connects) == 1
        assert server.slowest_write < 1, "the server was made to wait"
    assert run_command("ingest", "work", "--drain", timeout=1200).returncode == 0
    ids = {str(1_000_000 + i) for i in range(soak_posts)}
    query = f"SELECT post_id FROM {settings.keyspace}.posts WHERE topic = %s ALLOW FILTERING"
    found = [row.post_id for row in session.execute(query, (topic.topic,), timeout=300)]
    assert len(found) == soak_posts
    assert set(found) == ids
    limit = int(stream.client.info("memory")["maxmemory"])
    assert 0 < max(memory) < limit
    assert [gap.reason for gap in read_records(session, settings.keyspace, topic.topic)["x"].gaps] == ["stopped"]
    print(
        f"soak: {soak_posts:,} posts; slowest write of the server {server.slowest_write * 1000:.0f} ms; "
        f"Redis at most {max(memory) / 2**20:.0f} of {limit / 2**20:.0f} MiB"
    )
