"""A worker that is ten times too slow: Redis stays within its memory, the lag is seen, and nothing is lost."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingest.queue.posts_queue import MEMORY_SHARE, PostsQueue
from tests.support.commands import run_command, start_command
from tests.support.ground import Ground, generated

SEED = 2016
SLOW_SECONDS = {False: 40, True: 300}
A_SECOND = 200
"""Posts that the slow worker stores in a second. Ten times as many come."""
BATCH = 100
MEMORY = 8 * 1024 * 1024
"""What Redis may hold beside what it holds before: room for some 8,000 posts."""
MORE_POSTS = 10_000
"""So many posts more come than the slow worker stores in its time."""


@pytest.fixture(scope="module")
def seconds(long_faults: bool) -> int:
    """How long the worker is slow."""
    return SLOW_SECONDS[long_faults]


@pytest.fixture(scope="module")
def corpus(seconds: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(MORE_POSTS + A_SECOND * seconds, SEED, tmp_path_factory.mktemp("c") / "c.jsonl")


@contextmanager
def slow(process: psutil.Process, queue: PostsQueue, field: str) -> Iterator[None]:
    """Lets a worker run in each second only until it has stored A_SECOND posts."""
    ended = threading.Event()

    def stored() -> int:
        return int(queue.client.hget(queue.counts, field) or 0)

    def drive() -> None:
        while not ended.is_set():
            until, before = time.monotonic() + 1, stored()
            process.resume()
            while stored() < before + A_SECOND and not ended.wait(0.01):
                pass
            process.suspend()
            ended.wait(max(until - time.monotonic(), 0))

    driving = threading.Thread(target=drive)
    driving.start()
    try:
        yield
    finally:
        ended.set()
        driving.join()
        process.resume()


def test_memory_is_bounded_the_lag_is_seen_and_all_is_drained_after(own: Ground, corpus: Path, seconds: int) -> None:
    topic = own.new_topic()
    clean = own.clean_run(corpus, MORE_POSTS + A_SECOND * seconds)
    told, began = list[dict[str, Any]](), time.monotonic()
    with own.queue() as queue:
        bound = MEMORY + int(queue.client.info("memory")["used_memory"])
        queue.client.config_set("maxmemory", bound)
        worker = start_command("ingest", "work", **own.environment, PULSO_WORKER_READ=str(BATCH))
        pace = ("--rate", str(10 * A_SECOND))
        at_once = {"PULSO_PUBLISH_BATCH": str(BATCH)}
        replay = start_command("ingest", "replay", str(corpus), "--topic", topic, *pace, **own.environment, **at_once)
        try:
            own.wait_for(lambda queue: queue.backlog() > A_SECOND, "posts")
            with slow(psutil.Process(worker.pid), queue, f"{topic}|x|stored"):
                while time.monotonic() - began < seconds:
                    told.append(json.loads(run_command("ingest", "status", "--json", **own.environment).stdout))  # type: ignore[arg-type]
                    assert replay.poll() is None, "all posts are queued: the worker is not too slow"
            _, errors = replay.communicate(timeout=120)
            assert replay.returncode == 0, errors.decode()
            own.wait_for(lambda queue: queue.backlog() == 0, "an empty queue")
        finally:
            for process in (worker, replay):
                process.kill()
                process.communicate()
        queue.client.config_set("maxmemory", "1gb")
    _check(told[1:], topic, seconds, bound)
    own.account(f"a worker ten times too slow, for {seconds} s", topic, clean, time.monotonic() - began)


def _check(told: list[dict[str, Any]], topic: str, seconds: int, bound: int) -> None:
    """Checks what `status` told, again and again, of a topic."""
    assert len(told) > seconds / 10
    assert max(one["redis_memory_bytes"] for one in told) < bound * (MEMORY_SHARE + 0.1)
    flows = [flow for one in told for flow in one["flows"] if flow["topic"] == topic]
    assert min(flow["waiting"] for flow in flows) > A_SECOND
    assert max(flow["waiting"] for flow in flows) > 10 * A_SECOND
    half = len(told) // 2
    assert min(one["oldest_waiting_seconds"] for one in told[half:]) > 10
