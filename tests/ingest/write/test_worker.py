"""Workers on real engines: what is acked is stored, what dies is taken over, what is rubbish is kept aside."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Session
from rich.console import Console

from conf.errors import WrongUse
from conf.settings import Settings
from conf.topic import Topic, load_topic
from corpus import generate
from deploy.engines import Engines
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Route
from ingest.queue.posts_queue import GROUP, PostsQueue
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from stores.connect import cassandra_session
from tests.support.commands import run_command, start_command
from tests.support.posts import stream_line, tweet
from tests.support.stored import stored, stored_words

POSTS = 20_000


def put(queue: PostsQueue, topic: str, *payloads: bytes) -> None:
    queue.add([Envelope(topic, "x", "x_v2", payload, f"file:{i}") for i, payload in enumerate(payloads, 1)])


def pending(queue: PostsQueue) -> int:
    """Messages that a worker holds unacked."""
    return int(queue.client.xpending(queue.stream, GROUP)["pending"])


@contextmanager
def silent_cassandra(settings: Settings) -> Iterator[None]:
    """Cassandra answers nobody while the block lasts."""
    cassandra = next(s for s in Engines(settings, console=Console(quiet=True)).status() if s.engine == "Cassandra")
    assert cassandra.pid
    os.kill(cassandra.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(cassandra.pid, signal.SIGCONT)


@contextmanager
def impatient_session(settings: Settings) -> Iterator[Session]:
    """A session of the test's own whose requests time out after half a second."""
    with cassandra_session(settings) as own:
        own.get_execution_profile(EXEC_PROFILE_DEFAULT).request_timeout = 0.5
        yield own


@pytest.fixture
def worker(session: Session, settings: Settings, queue: PostsQueue) -> Worker:
    return Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings), claim_idle=0.2)


def test_a_drained_queue_is_stored_and_acked(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    put(queue, topic.topic, *(stream_line(tweet(str(i))) for i in range(2500)))
    worker.run(drain=True)
    assert (worker.stored, worker.done["dead"], queue.backlog()) == (2500, 0, 0)
    assert stored(session, settings.keyspace, topic.topic).keys() == {str(i) for i in range(2500)}
    assert queue.client.xinfo_consumers(queue.stream, GROUP) == []


def test_rubbish_goes_to_the_dead_letters_and_costs_no_neighbour(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    put(queue, topic.topic, stream_line(tweet("1")), b"{", stream_line(tweet("2", text=5)), stream_line(tweet("3")))
    worker.run(drain=True)
    assert stored(session, settings.keyspace, topic.topic).keys() == {"1", "3"}
    assert [(letter.origin, letter.payload[:1]) for letter in DeadLetters(queue).read()] == [
        ("file:2", b"{"),
        ("file:3", b"{"),
    ]


def test_a_topic_without_a_file_goes_to_the_dead_letters(worker: Worker, queue: PostsQueue) -> None:
    put(queue, "nowhere", stream_line(tweet("1")))
    worker.run(drain=True)
    assert "no topic 'nowhere'" in next(DeadLetters(queue).read()).reason


def test_a_topic_file_that_can_not_be_used_ends_the_worker_and_costs_no_message(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    put(queue, topic.topic, *(stream_line(tweet(str(number))) for number in range(3)))
    file = settings.topics_dir / f"{topic.topic}.yaml"
    right = file.read_text()
    file.write_text(right.replace("topic:", "topci:", 1))
    with pytest.raises(WrongUse, match=f"{topic.topic}.yaml"):
        worker.run(drain=True)
    assert (list(DeadLetters(queue).read()), queue.backlog()) == ([], 3)
    file.write_text(right)
    again = Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings), claim_idle=0.0)
    again.run(drain=True)
    assert stored(session, settings.keyspace, topic.topic).keys() == {"0", "1", "2"}


def test_the_later_message_wins_whichever_is_written_last(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    put(queue, topic.topic, stream_line(tweet("1", text="first")), stream_line(tweet("1", text="second")))
    first, second = queue.read("me", 10, 10)
    worker._process([second])
    worker._process([first])
    assert stored(session, settings.keyspace, topic.topic)["1"].text == "second"


def test_a_row_larger_than_cassandra_takes_costs_no_neighbour(
    queue: PostsQueue, topic: Topic, session: Session, settings: Settings, worker: Worker
) -> None:
    index_limit = stream_line(tweet("2", entities={"hashtags": [{"tag": f"{i}" * 100} for i in range(2000)]}))
    put(queue, topic.topic, stream_line(tweet("1")), index_limit, stream_line(tweet("3")))
    worker.run(drain=True)
    assert {"1", "3"} <= stored(session, settings.keyspace, topic.topic).keys()
    assert worker.stored + worker.done["dead"] == 3


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "posts.jsonl"
    with path.open("wb") as file:
        file.writelines(generate(load_topic("ph2016", settings.topics_dir), POSTS, 7))
    return path


def kill_in_mid_batch(victim: "subprocess.Popen[bytes]", stream: PostsQueue) -> None:
    """Kills a worker at a moment when it holds messages, some others being acked already."""
    while True:
        assert victim.poll() is None, victim.stderr and victim.stderr.read()
        victim.send_signal(signal.SIGSTOP)
        _, status = os.waitpid(victim.pid, os.WUNTRACED)  # until all of its threads have stopped
        assert os.WIFSTOPPED(status)
        for _ in range(2):  # Redis answers the second ping only after it has done what the worker had sent
            stream.client.ping()
        if stream.client.xpending(stream.stream, GROUP)["pending"] and stream.backlog() < POSTS:
            victim.send_signal(signal.SIGKILL)
            return
        victim.send_signal(signal.SIGCONT)
        time.sleep(0.005)


def test_kill_9_in_mid_batch_loses_and_doubles_nothing(
    stream: PostsQueue, topic: Topic, corpus: Path, session: Session, settings: Settings
) -> None:
    replayed = run_command("ingest", "replay", str(corpus), "--topic", topic.topic)
    assert replayed.returncode == 0, replayed.stderr
    victim = start_command("ingest", "work")
    try:
        kill_in_mid_batch(victim, stream)
    finally:
        victim.kill()
        victim.communicate()
    held = stream.client.xpending(stream.stream, GROUP)["pending"]
    assert 0 < held <= stream.backlog() < POSTS
    half_done = stored(session, settings.keyspace, topic.topic).keys()
    assert stored_words(session, settings.keyspace, topic.topic).keys() == half_done, "a post without its words"
    heir = run_command("ingest", "work", "--drain", "--claim-idle", "1")
    assert heir.returncode == 0, heir.stderr
    ids = {line.split(b'"id":"', 1)[1].split(b'"', 1)[0].decode() for line in corpus.read_bytes().splitlines()}
    assert stored(session, settings.keyspace, topic.topic).keys() == ids
    assert stored_words(session, settings.keyspace, topic.topic).keys() == ids
    assert len(ids) == POSTS
    counts = {k.decode().split("|")[2]: int(v) for k, v in stream.client.hgetall(stream.counts).items()}
    assert counts == {"queued": POSTS, "stored": POSTS}
    assert stream.backlog() == 0


def test_sigterm_finishes_the_batch_acks_it_and_leaves(
    stream: PostsQueue, topic: Topic, corpus: Path, session: Session, settings: Settings
) -> None:
    run_command("ingest", "replay", str(corpus), "--topic", topic.topic)
    worker = start_command("ingest", "work")
    while stream.backlog() == POSTS:
        assert worker.poll() is None
        time.sleep(0.002)
    worker.send_signal(signal.SIGTERM)
    out, errors = worker.communicate(timeout=60)
    assert worker.returncode == 0, errors
    left = stream.backlog()
    assert stream.client.xpending(stream.stream, GROUP)["pending"] == 0
    assert out.decode() == f"{POSTS - left:,} posts stored, 0 refused\n"
    assert len(stored(session, settings.keyspace, topic.topic)) == POSTS - left


def test_a_store_that_stops_answering_is_waited_for_and_nothing_is_acked(
    queue: PostsQueue, topic: Topic, settings: Settings, session: Session
) -> None:
    with impatient_session(settings) as own:
        worker = Worker(queue, Store(own, settings.keyspace), TopicBook(own, settings))
        thread = threading.Thread(target=worker.run, kwargs={"drain": True})
        with silent_cassandra(settings):
            put(queue, topic.topic, stream_line(tweet("1")))
            thread.start()
            time.sleep(2)  # several time-outs of half a second pass
            assert thread.is_alive()
            assert queue.backlog() == pending(queue) == 1
        thread.join(timeout=60)
    assert not thread.is_alive()
    assert (worker.stored, queue.backlog()) == (1, 0)
    assert stored(session, settings.keyspace, topic.topic).keys() == {"1"}


def test_a_worker_stopped_while_cassandra_is_down_acks_nothing(
    queue: PostsQueue, topic: Topic, settings: Settings, session: Session, worker: Worker
) -> None:
    with impatient_session(settings) as own:
        stopped = Worker(queue, Store(own, settings.keyspace), TopicBook(own, settings))
        thread = threading.Thread(target=stopped.run)
        with silent_cassandra(settings):
            put(queue, topic.topic, stream_line(tweet("1")), b"{")
            thread.start()
            while not pending(queue):
                time.sleep(0.01)
            stopped.stop()
            thread.join(timeout=60)
            assert not thread.is_alive()
            assert queue.backlog() == pending(queue) == 2
    assert (stopped.done.total(), DeadLetters(queue).count()) == (0, 0)
    worker.run(drain=True)
    assert (worker.done, queue.backlog()) == ({"stored": 1, "dead": 1}, 0)


def test_a_worker_that_is_to_stop_keeps_what_it_refuses_though_redis_is_full(
    full: PostsQueue, topic: Topic, settings: Settings, session: Session
) -> None:
    put(full, topic.topic, b"{")
    worker = Worker(full, Store(session, settings.keyspace), TopicBook(session, settings))
    messages = full.read(worker.consumer, 10, 10)
    before = full.client.config_get("maxmemory")["maxmemory"]
    full.client.config_set("maxmemory", 1)
    worker.stop()
    worker._process(messages)
    full.client.config_set("maxmemory", before)
    assert (pending(full), full.backlog(), worker.done["dead"]) == (0, 0, 1)
    assert [letter.payload for letter in DeadLetters(full).read()] == [b"{"]


def test_changes_that_wait_when_a_worker_is_stopped_count_as_never_read(
    queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    """Else five stops would make a dead letter of a deletion."""
    put(queue, topic.topic, stream_line(tweet("1")))
    queue.read("another", 1, 10)
    queue.add([Envelope(topic.topic, "x", "gap", b"", route=Route.NOTE)])
    stopped = Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings), claim_idle=3600)
    thread = threading.Thread(target=stopped.run)
    thread.start()
    while pending(queue) < 2:
        time.sleep(0.01)
    stopped.stop()
    thread.join(timeout=60)
    held = queue.client.xpending_range(queue.stream, GROUP, "-", "+", 10, stopped.consumer)
    assert [one["times_delivered"] for one in held] == [0]


def test_an_edit_of_a_version_that_no_one_can_place_is_stored(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    edit = stream_line(tweet("9", edit_history_tweet_ids=["5", "9"]))
    put(queue, topic.topic, stream_line(tweet("1")), edit, stream_line(tweet("3")))
    worker.run(drain=True)
    assert stored(session, settings.keyspace, topic.topic).keys() == {"1", "3", "9"}
    assert DeadLetters(queue).count() == 0
