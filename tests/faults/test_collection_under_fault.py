"""Live collection under fault, with real processes: every post that was published is stored, or lies in a gap.

Each test ends with an account, as those of ingest do (`test_ingest_under_fault.py`). "Accepted" are the posts that a
network has published; "missing" are those that are neither stored nor in a recorded gap.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ingest.queue.posts_queue import PostsQueue
from ingest.sources.base import Clock
from ingest.write.collection_record import LOST
from stores.connect import cassandra_session
from stores.coverage import Gap, Record, coverage, read_records
from tests.support import accounts
from tests.support.commands import start_command
from tests.support.ground import Ground
from tests.support.live import state_of
from tests.support.live_networks import KEYWORD, Bluesky, Network, X, all_networks, x_network
from tests.support.x_server import Drop

STOPPED_SECONDS = 40.0
POSTS = 20
SLACK = timedelta(seconds=3)


@pytest.fixture
def topic(own: Ground) -> str:
    """A topic that asks for KEYWORD."""
    name = own.new_topic()
    with (own.settings.topics_dir / f"{name}.yaml").open("a") as file:
        file.write(f"collect: {{keywords: [{KEYWORD}]}}\n")
    return name


@contextmanager
def collecting(own: Ground, topic: str, network: Network) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a collector; stops it at the end of the block, and checks that it ends well."""
    arguments = ("stream", "--topic", topic, "--source", network.source)
    process = start_command("ingest", *arguments, **{**own.environment, **network.environment})
    try:
        if isinstance(network, Bluesky):  # it counts as up from its first event on
            own.wait_for(lambda _: bool(network.server.asked), "a connection to bluesky")
        else:
            own.wait_for(lambda queue: _is_up(queue, topic, network.source), f"a connection to {network.source}")
        yield process
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
        assert "1970" not in errors.decode()
    finally:
        process.kill()
        process.communicate()


def _is_up(queue: PostsQueue, topic: str, source: str) -> bool:
    state = state_of(queue, topic, source)
    return state is not None and state.up and state.gap is None


def wait_for_posts(own: Ground, topic: str, network: Network, count: int) -> None:
    """Waits until so many posts are queued, and no gap is open.

    Meanwhile people post: a gap is filled when the playback has reached a post from after the connection was made.
    """

    def have_come(queue: PostsQueue) -> bool:
        state = state_of(queue, topic, network.source)
        if state is None or state.accepted < count:
            return False
        if state.gap is not None:
            network.publish(1)
            time.sleep(0.5)
        return state.gap is None and state.accepted >= len(network.published)

    own.wait_for(have_come, f"{count} posts of {network.source}")


def record_of(own: Ground, topic: str) -> Mapping[str, Record]:
    """Returns what Cassandra knows of the collections of a topic, once the queue is empty."""
    own.drain()
    with cassandra_session(own.settings) as session:
        return read_records(session, own.settings.keyspace, topic)


def account(own: Ground, fault: str, topic: str, network: Network, seconds: float) -> int:
    """Keeps the account of a fault, and returns the number of stored posts. Fails if others do not lie in a gap."""
    record = record_of(own, topic)[network.source]
    found = {key[3] for key in own.contents(topic) if key[2] == network.source}
    missing = [
        post_id
        for post_id, at in network.published.items()
        if post_id not in found and not any(_holds(gap, at) for gap in record.gaps)
    ]
    accounts.add(fault, (len(network.published), len(found), len(missing), 0, 0), seconds)
    assert found <= network.published.keys()
    assert missing == []
    return len(found)


def _holds(gap: Gap, at: datetime) -> bool:
    return gap.start <= at and (gap.end is None or at < gap.end)


def is_near(at: datetime | None, other: datetime) -> bool:
    return at is not None and abs(at - other) < SLACK


def test_a_stopped_process_has_a_gap_that_bluesky_and_mastodon_fill(own: Ground, topic: str) -> None:
    with all_networks(topic) as networks:
        with ExitStack() as running:
            processes = [running.enter_context(collecting(own, topic, network)) for network in networks]
            for network in networks:
                network.publish(POSTS)
                wait_for_posts(own, topic, network, POSTS)
            stopped = datetime.now(UTC)
            for process in processes:
                os.kill(process.pid, signal.SIGSTOP)
            until = time.monotonic() + STOPPED_SECONDS
            while time.monotonic() < until:
                for network in networks:
                    network.publish(1)
                time.sleep(2)
            for process in processes:
                os.kill(process.pid, signal.SIGCONT)
            woke, began = datetime.now(UTC), time.monotonic()
            seconds = {}
            for network in networks:
                network.publish(POSTS)
                wait_for_posts(own, topic, network, len(network.published))
                own.wait_for(lambda queue, one=network: _holds_all(queue, one), "all posts")  # type: ignore[misc]
                seconds[network.source] = time.monotonic() - began
        record = record_of(own, topic)
        for network in networks:
            gap = record[network.source].gaps[0]
            assert is_near(gap.start, stopped), network.source
            if network.source == "x":
                assert is_near(gap.end, woke)
            else:
                assert gap.end == gap.start
                assert gap.reason.endswith("; filled by playback")
            name = f"{network.source}: collector stopped for {STOPPED_SECONDS:.0f} s"
            found = account(own, name, topic, network, seconds[network.source])
            assert network.source == "x" or found == len(network.published), network.source


def _holds_all(queue: PostsQueue, network: Network) -> bool:
    """Whether all posts are in the queue, from which nobody takes them.

    Their number does not tell: a playback sends some a second time. X sends nothing again.
    """
    held = b"".join(value for _, entry in queue.client.xrange(queue.stream) for value in entry.values())
    ids = [post_id.rpartition("/")[2].encode() for post_id in network.published]
    return network.source == "x" or all(one in held for one in ids)


def flush(own: Ground) -> None:
    with own.queue() as queue:
        queue.client.flushall()


def test_a_redis_emptied_between_two_runs_rewrites_no_history(own: Ground, topic: str) -> None:
    with x_network(topic) as x:
        with collecting(own, topic, x):
            x.publish(POSTS)
            wait_for_posts(own, topic, x, POSTS)
        before = record_of(own, topic)["x"]
        assert before.began is not None
        flush(own)
        began = time.monotonic()
        with collecting(own, topic, x):
            again = datetime.now(UTC)
            x.publish(POSTS)
            wait_for_posts(own, topic, x, 2 * POSTS)  # this server sends the first ones once more
        after = record_of(own, topic)
        account(own, "Redis: emptied between two runs", topic, x, time.monotonic() - began)
    first, stopped = after["x"].gaps
    assert (first.start, first.reason) == (before.gaps[0].start, f"stopped; {LOST}")
    assert is_near(first.end, again)
    assert stopped.reason == "stopped"
    assert after["x"].began == before.began
    assert coverage(after, before.began, before.through) == 1


def test_a_redis_emptied_while_a_collector_and_a_worker_run_is_a_gap(own: Ground, topic: str) -> None:
    with x_network(topic) as x, collecting(own, topic, x):
        worker = own.worker()
        x.publish(POSTS)
        wait_for_posts(own, topic, x, POSTS)
        own.wait_for(lambda queue: queue.backlog() == 0, "an empty queue")
        os.kill(worker.pid, signal.SIGSTOP)
        for round_ in (2, 3):  # the worker had asked already for what comes first
            x.publish(POSTS)
            wait_for_posts(own, topic, x, round_ * POSTS)
        flush(own)
        began = time.monotonic()
        os.kill(worker.pid, signal.SIGCONT)
        own.wait_for(lambda queue: queue.client.exists(f"{queue.stream}:live:records") == 1, "that it is noticed")
        x.publish(POSTS)
        wait_for_posts(own, topic, x, 4 * POSTS)
        seconds = time.monotonic() - began
        worker.send_signal(signal.SIGTERM)
        _, errors = worker.communicate(timeout=60)
        assert worker.returncode == 0, errors.decode()
        gap = record_of(own, topic)["x"].gaps[0]
        assert gap.reason == LOST
        assert is_near(gap.end, datetime.now(UTC) - timedelta(seconds=time.monotonic() - began - seconds))
        assert account(own, "Redis: emptied while collecting", topic, x, seconds) <= 3 * POSTS, "nothing was lost"


def test_redis_clock_set_back_an_hour_leaves_no_gap_open(own: Ground, topic: str) -> None:
    """Redis's ids go on from the last one; after its stream was deleted they are an hour earlier."""
    with x_network(topic) as x, own.queue() as queue:
        ahead = int((Clock().now() + timedelta(hours=1)).timestamp() * 1000)
        queue.client.xdel(queue.stream, queue.client.xadd(queue.stream, {"topic": topic}, id=f"{ahead}-5000"))
        began = time.monotonic()
        _run_with_an_outage(own, topic, x)
        ended = record_of(own, topic)["x"]
        queue.client.delete(queue.stream)
        queue.ensure_group()
        _run_with_an_outage(own, topic, x)
        after = record_of(own, topic)["x"]
        account(own, "Redis: clock set back an hour", topic, x, time.monotonic() - began)
    assert [gap.end is None for gap in ended.gaps] == [False, True]
    assert [gap.end is None for gap in after.gaps] == [False, False, False, True]
    assert after.through > ended.through


def _run_with_an_outage(own: Ground, topic: str, x: X) -> None:
    x.server.scripts = [[b"\r\n", Drop()]]
    arguments = ("stream", "--topic", topic, "--source", "x")
    with own.queue() as queue:
        state = state_of(queue, topic, "x")
    connects, before = len(x.server.connects), state.accepted if state else 0
    process = start_command("ingest", *arguments, **{**own.environment, **x.environment})
    try:
        own.wait_for(lambda _: len(x.server.connects) >= connects + 2, "two connections")
        x.publish(POSTS)
        wait_for_posts(own, topic, x, before + len(x.published))  # this server sends all of them once more
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()
