"""A cluster of three nodes under fault: with one node away, ingest and jobs go on; with two, they wait and go on later.

Each row of posts is on all three nodes, and a write needs two of them (LOCAL_QUORUM). There are no hints, so what a
node missed comes back by `nodetool repair` alone.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conf import ROOT
from conf.settings import DEFAULTS
from ingest.queue.posts_queue import GROUP
from stores.connect import cassandra_session
from tests.support.cluster import ThreeNodes, cluster_ground
from tests.support.commands import run_command
from tests.support.ground import POSTS, Ground, Key

BATCH = DEFAULTS.worker_read
TOLD_WITHIN = 30.0
"""Seconds that `ingest cluster` may take on a busy machine while a node is away."""
STANDS_STILL = 60.0
"""Seconds for which a node stands still with --long-faults."""
WAITS = "Cassandra or Redis is down or full"
START, END = "2016-05-06T16:00Z", "2016-05-08T16:00Z"
POLL = "race, period, period_start, candidate, posts, authors, share_posts, share_authors, posts_total, authors_total"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ground, ThreeNodes]]:
    """A cluster whose nodes may be killed, and a Redis beside it."""
    with cluster_ground(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def own(both: tuple[Ground, ThreeNodes]) -> Ground:
    return both[0]


@pytest.fixture
def nodes(both: tuple[Ground, ThreeNodes]) -> Iterator[ThreeNodes]:
    """The nodes; all of them run again afterwards."""
    yield both[1]
    both[1].up()


@pytest.fixture(scope="module")
def stored(own: Ground, corpus: Path) -> str:
    """A topic whose posts are stored while all is well."""
    topic = own.new_topic()
    own.replay(corpus, topic)
    own.drain()
    return topic


@pytest.fixture(scope="module")
def clean(own: Ground, stored: str) -> dict[Key, Any]:
    """What a run without any fault stores."""
    contents = own.contents(stored)
    assert len(contents) == POSTS
    return contents


def missing_on(nodes: ThreeNodes, number: int, own: Ground, topic: str, clean: dict[Key, Any]) -> int:
    """Returns how many of the posts of a clean run a node itself does not hold."""
    columns = "day, bucket, source, post_id, folded"
    query = f"SELECT {columns} FROM {own.settings.keyspace}.posts WHERE topic = '{topic}' ALLOW FILTERING"
    held = {(row.day, row.bucket, row.source, row.post_id): row.folded for row in nodes.rows_of(number, query)}
    return sum(held.get(one) != row["folded"] for one, (row, _) in clean.items())


def test_one_node_killed_during_ingest_and_repaired_later(
    own: Ground, nodes: ThreeNodes, topic: str, clean: dict[Key, Any]
) -> None:
    began = time.monotonic()
    worker = own.draining()
    nodes.kill(2)
    worker.ends_well()
    ingested = time.monotonic() - began
    nodes.start(2)
    before = missing_on(nodes, 2, own, topic, clean)
    assert 0 < before < POSTS, "the killed node has missed nothing, so a repair can show nothing"
    nodes.tool(2, "repair", "-full", own.settings.keyspace, "posts", "post_words")
    assert [missing_on(nodes, number, own, topic, clean) for number in range(3)] == [0, 0, 0]
    # Read only now: reading repairs what it finds, and the others take a while to see that a node is gone.
    own.account(
        f"one of three nodes: kill -9 during ingest; it lacks {before:,}, and is repaired", topic, clean, ingested
    )


def test_two_nodes_down_a_worker_waits_and_reads_nothing_and_goes_on_by_itself(
    own: Ground, nodes: ThreeNodes, topic: str, clean: dict[Key, Any]
) -> None:
    began = time.monotonic()
    worker = own.draining()
    told = worker.told(WAITS)  # on a busy machine it may have waited before
    nodes.kill(1, 2)
    worker.wait_for(WAITS, before=told)
    seen, again, ended = [_reading(own)], worker.told("again"), threading.Event()

    def watch() -> None:
        while not ended.wait(0.5) and worker.process.poll() is None and worker.told("again") == again:
            seen.append(_reading(own))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        nodes.start(1)
        waited = time.monotonic() - began
        worker.ends_well()
    finally:
        ended.set()
        watching.join()
    assert len(seen) > 5
    assert {pending for _, pending in seen[:-1]} <= set(range(1, 2 * BATCH + 1)), "more than two batches are held"
    assert len({last for last, _ in seen[:-1]}) == 1, "messages are read while Cassandra is down"
    assert worker.told(WAITS) - told <= 1 + waited / 60, worker.lines
    own.account("two of three nodes: kill -9, one started again", topic, clean, time.monotonic() - began)


def _reading(own: Ground) -> tuple[bytes, int]:
    """Returns up to where messages have been read, and how many of them are not acked."""
    with own.queue() as queue:
        groups: Any = queue.client.xinfo_groups(queue.stream)
        [group] = [one for one in groups if one["name"] == GROUP.encode()]
    return group["last-delivered-id"], int(group["pending"])


def test_a_node_that_stands_still_holds_ingest_up_for_seconds_only(
    own: Ground, nodes: ThreeNodes, topic: str, clean: dict[Key, Any], long_faults: bool
) -> None:
    began = time.monotonic()
    worker = own.draining()
    nodes.pause(1)
    paused = time.monotonic()
    worker.ends_well()  # the node still stands still, so nobody has waited for it
    ingested = time.monotonic() - began
    _told_of(own, "node 127.0.1.2 does not answer (it stands still, or is overloaded). Work goes on", "silent")
    if long_faults:
        time.sleep(max(0, STANDS_STILL - (time.monotonic() - paused)))
    nodes.up()
    nodes.tool(1, "repair", "-full", own.settings.keyspace, "posts", "post_words")
    assert [missing_on(nodes, number, own, topic, clean) for number in range(3)] == [0, 0, 0]
    own.account("one of three nodes: stands still, and is repaired", topic, clean, ingested)


def test_one_node_killed_during_a_job_and_one_down_from_its_start(
    own: Ground, nodes: ThreeNodes, stored: str, clean: dict[Key, Any], tmp_path: Path
) -> None:
    tables = own.settings.keyspace
    with cassandra_session(own.settings) as session:
        query = f"SELECT run_id, status FROM {tables}.job_runs WHERE job = 'candidate_poll' AND topic = %s LIMIT 1"
        poll = f"SELECT {POLL} FROM {tables}.candidate_poll WHERE topic = %s ALLOW FILTERING"

        def state() -> str:
            row = session.execute(query, (stored,)).one()
            return row.status if row else ""

        process = _submit(own, stored, tmp_path)
        while state() != "running":
            assert process.poll() is None, (tmp_path / "job.log").read_text()[-3000:]
            time.sleep(0.05)
        nodes.kill(0)
        killed_at = state()
        _ends_well(process, tmp_path)
        first = sorted(session.execute(poll, (stored,)))
        assert (killed_at, state()) == ("running", "succeeded")
        _ends_well(_submit(own, stored, tmp_path), tmp_path)
        assert sorted(session.execute(poll, (stored,))) == first
    _told_of(own, "node 127.0.1.1 is down. Work goes on with the 2 other copies, and no other may fail", "down")
    [total] = {row.posts_total for row in first if row.period == "window"}
    assert 0 < total <= len(clean)


def _told_of(own: Ground, trouble: str, state: str) -> None:
    """Asserts that `ingest cluster` says first which node is away, shows the others, and waits for a bounded time."""
    began = time.monotonic()
    done = run_command("ingest", "cluster", **own.environment)  # type: ignore[arg-type]
    assert time.monotonic() - began < TOLD_WITHIN
    assert done.returncode == 1, done.stderr
    first, *others = done.stdout.splitlines()
    assert first.startswith(f"TROUBLE: {trouble}")
    of_nodes = [line.split() for line in others if line.startswith("127.0.1.")]
    assert sorted(line[1] for line in of_nodes) == sorted([state, "up", "up"])
    assert {line[4] for line in of_nodes} == {"33%"}, done.stdout
    assert any(line.startswith("posts ") for line in others), "the tables are still shown"
    assert others[-1].startswith("Redis "), "Redis is still shown"


def _submit(own: Ground, topic: str, folder: Path) -> "subprocess.Popen[bytes]":
    """Starts candidate_poll as a person does."""
    binaries = Path(sys.executable).parent
    command = [str(binaries / "spark-submit"), str(ROOT / "jobs/candidate_poll.py"), "--topic", topic]
    environment = {**os.environ, **own.environment, "PATH": f"{binaries}:{os.environ['PATH']}"}
    environment |= {"SPARK_CONF_DIR": str(ROOT / "conf"), "SPARK_SUBMIT_OPTS": "-XX:TieredStopAtLevel=1"}
    with (folder / "job.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--from", START, "--to", END], stdout=log, stderr=log, cwd=folder, env=environment
        )


def _ends_well(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    try:
        assert process.wait(timeout=180) == 0, (folder / "job.log").read_text()[-3000:]
    finally:
        process.kill()


def test_a_data_centre_that_the_cluster_does_not_have_is_one_line_with_those_that_it_has(own: Ground) -> None:
    done = run_command("ingest", "work", "--drain", **{**own.environment, "PULSO_CASSANDRA_DC": "dc9"})  # type: ignore[arg-type]
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: Cassandra has no data centre dc9; it has datacenter1. "
        "Set PULSO_CASSANDRA_DC to the one whose nodes Pulso should ask"
    ]
