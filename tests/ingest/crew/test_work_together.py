"""`work --processes`: real workers on real engines, killed and stopped."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue
from tests.support.commands import end, run_command, start_command
from tests.support.ports import free_port
from tests.support.posts import stream_line, tweet
from tests.support.scraping import reaches

POSTS = 3_000


@pytest.fixture
def started() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Starts a command, and ends it after the test, with all processes that it has left."""
    made: list[subprocess.Popen[bytes]] = []
    children: list[psutil.Process] = []

    def start(*arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        made.append(start_command("ingest", "work", *arguments, **environment))
        return made[-1]

    yield start
    for process in made:
        if process.poll() is None:
            children += psutil.Process(process.pid).children()
        end(process)
    for child in children:
        if child.is_running():
            child.kill()


def fill(queue: PostsQueue, topic: Topic, posts: int = POSTS) -> None:
    for start in range(0, posts, 500):
        some = range(start, min(start + 500, posts))
        queue.add([Envelope(topic.topic, "x", "x_v2", stream_line(tweet(str(i)))) for i in some])


def members(process: "subprocess.Popen[bytes]", most: int) -> list[psutil.Process]:
    """Waits until a crew has all its members."""
    found: list[psutil.Process] = []
    until = time.monotonic() + 60
    while len(found) < most and time.monotonic() < until:
        time.sleep(0.02)
        found = psutil.Process(process.pid).children()
    assert len(found) == most
    return found


def wait_for(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.02)


def stored(session: Session, settings: Settings, topic: Topic) -> int:
    query = f"SELECT post_id FROM {settings.keyspace}.posts WHERE topic = %s ALLOW FILTERING"
    return len(session.execute(query, (topic.topic,)).all())


def test_several_workers_drain_the_queue_and_end_with_one_summary(
    stream: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    fill(stream, topic)
    stream.add([Envelope(topic.topic, "x", "x_v2", b"{")])
    done = run_command("ingest", "work", "--processes", "3", "--drain", PULSO_WORKER_READ="100")
    assert (done.returncode, done.stdout) == (0, f"{POSTS:,} posts stored, 1 refused\n"), done.stderr
    assert stored(session, settings, topic) == POSTS
    assert stream.backlog() == 0


def test_a_killed_worker_is_started_again_and_what_it_held_is_stored(
    stream: PostsQueue,
    topic: Topic,
    session: Session,
    settings: Settings,
    started: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    crew = started("--processes", "2", "--claim-idle", "1", PULSO_WORKER_READ="50")
    victim, other = members(crew, 2)
    fill(stream, topic)
    wait_for(lambda: stream.backlog() < POSTS, "the first batch")
    victim.kill()
    wait_for(lambda: stream.backlog() == 0, "the end of the queue")
    heirs = members(crew, 2)
    assert other in heirs
    assert victim not in heirs
    crew.send_signal(signal.SIGTERM)
    out, errors = crew.communicate(timeout=60)
    assert crew.returncode == 0, errors.decode()
    assert b"posts stored" in out
    assert b"a worker has ended" in errors
    assert not any(heir.is_running() for heir in heirs)
    assert stored(session, settings, topic) == POSTS


def test_workers_whose_supervisor_was_killed_finish_their_batches_and_end(
    stream: PostsQueue,
    topic: Topic,
    session: Session,
    settings: Settings,
    started: Callable[..., "subprocess.Popen[bytes]"],
) -> None:
    crew = started("--processes", "2", PULSO_WORKER_READ="50")
    left = members(crew, 2)
    fill(stream, topic)
    wait_for(lambda: stream.backlog() < POSTS, "the first batch")
    crew.kill()
    crew.wait()
    psutil.wait_procs(left, timeout=60)
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in left)
    pending = stream.client.xpending(stream.stream, "workers")["pending"]
    assert pending == 0, "a worker has not finished its batch"
    assert stored(session, settings, topic) == POSTS - stream.backlog()


def test_each_worker_has_a_port_for_its_metrics_and_ctrl_c_ends_all(
    stream: PostsQueue, topic: Topic, started: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    port = free_port(1)
    crew = started("--processes", "2", "--metrics-port", str(port - 1))
    for each in (port - 1, port):
        wait_for(reaches(each, 'pulso_cassandra_nodes{state="up"}', 1), "metrics")
    crew.send_signal(signal.SIGINT)
    out, errors = crew.communicate(timeout=60)
    assert (crew.returncode, out, errors) == (0, b"0 posts stored, 0 refused\n", b"")


def test_what_keeps_all_from_their_work_is_told_once(stream: PostsQueue, client: object) -> None:
    down = run_command("ingest", "work", "--processes", "3", PULSO_CASSANDRA_PORT="1")
    assert (down.returncode, down.stderr.count("\n")) == (1, 1)
    assert "Cassandra does not answer at 127.0.0.1:1" in down.stderr
    taken = str(stream.client.connection_pool.connection_kwargs["port"])
    busy = run_command("ingest", "work", "--processes", "2", "--metrics-port", taken)
    assert (busy.returncode, busy.stderr.count("\n")) == (1, 1), busy.stderr
    assert f"metrics can't be served on 127.0.0.1:{taken}" in busy.stderr
    for wrong in (("--processes", "0"), ("--processes", "3", "--metrics-port", "65534")):
        assert run_command("ingest", "work", *wrong).returncode == 2
