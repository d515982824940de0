"""While the last writes of one batch are under way the worker reads the next: nothing is acked early, or lost."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cassandra import OperationTimedOut
from cassandra.cluster import Session
from rich.console import Console

from conf.errors import PulsoError
from conf.settings import Settings
from conf.topic import Topic
from deploy.engines import Engines
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import GROUP, PostsQueue
from ingest.write.refusal import Refusal
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from ingest.write.writer import End
from tests.support.posts import stream_line, tweet
from tests.support.stored import stored

EACH = 10
"""Messages that the workers of these tests read at once."""


@pytest.fixture
def worker(session: Session, settings: Settings, queue: PostsQueue, topic: Topic, no_ledger: None) -> Worker:
    """A worker that has the topic and an empty filter, so that it needs Cassandra for writes alone."""
    made = Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings), read_count=EACH)
    put(queue, topic, "0")
    made.run(drain=True)
    return made


def put(queue: PostsQueue, topic: Topic, *ids: str) -> None:
    queue.add([Envelope(topic.topic, "x", "x_v2", stream_line(tweet(i)), f"file:{i}") for i in ids])


def held(queue: PostsQueue) -> int:
    """Messages that were read and not acked."""
    return int(queue.client.xpending(queue.stream, GROUP)["pending"])


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def silent_cassandra(settings: Settings) -> Iterator[None]:
    """Cassandra answers nobody while the block lasts."""
    pid = next(s.pid for s in Engines(settings, console=Console(quiet=True)).status() if s.engine == "Cassandra")
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


IDS = [str(number) for number in range(1, 3 * EACH + 1)]


def test_the_next_batch_is_read_while_one_is_under_way_and_no_more(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    thread = threading.Thread(target=worker.run, kwargs={"drain": True}, daemon=True)
    with silent_cassandra(settings):
        put(queue, topic, *IDS)
        thread.start()
        until(lambda: held(queue) == 2 * EACH)
        time.sleep(1)
        assert (held(queue), queue.backlog()) == (2 * EACH, 3 * EACH), "nothing is acked, and nothing more is read"
    thread.join(60)
    assert not thread.is_alive()
    assert stored(session, settings.keyspace, topic.topic).keys() == {"0", *IDS}
    assert (worker.stored, queue.backlog(), DeadLetters(queue).count()) == (1 + len(IDS), 0, 0)


def test_a_write_that_fails_after_the_next_batch_was_read_is_repeated(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    begin, failed = worker._store.posts.begin, list[int]()

    def failing_once(writes: Any) -> End:
        if failed:
            return begin(writes)

        def end() -> list[Refusal]:
            failed.append(held(queue))
            raise OperationTimedOut

        return end

    worker._store.posts.begin = failing_once  # type: ignore[method-assign]
    put(queue, topic, *IDS)
    worker.run(drain=True)
    assert failed == [2 * EACH]
    assert stored(session, settings.keyspace, topic.topic).keys() == {"0", *IDS}
    assert (worker.stored, queue.backlog()) == (1 + len(IDS), 0)


def test_a_defect_that_shows_when_writes_end_costs_one_message(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    begin = worker._store.posts.begin

    def failing(writes: Any) -> End:
        writes = list(writes)
        end = begin([write for write in writes if write.row.key[-1] != "7"])

        def broken() -> list[Refusal]:
            end()
            raise ZeroDivisionError("an answer that breaks the driver")

        return broken if any(write.row.key[-1] == "7" for write in writes) else end

    worker._store.posts.begin = failing  # type: ignore[method-assign]
    put(queue, topic, *IDS)
    worker.run(drain=True)
    assert stored(session, settings.keyspace, topic.topic).keys() == {"0", *IDS} - {"7"}
    [letter] = DeadLetters(queue).read()
    assert (letter.origin, letter.reason) == ("file:7", "ZeroDivisionError: an answer that breaks the driver")
    assert (worker.stored, worker.done["dead"], queue.backlog()) == (len(IDS), 1, 0)


def test_a_worker_that_ends_gives_both_batches_back_as_if_nobody_had_read_them(
    worker: Worker, queue: PostsQueue, topic: Topic
) -> None:
    begin = worker._store.posts.begin

    def ending(writes: Any) -> End:
        end = begin(writes)

        def broken() -> list[Refusal]:
            end()
            raise PulsoError("a table is missing", "migrate")

        return broken

    worker._store.posts.begin = ending  # type: ignore[method-assign]
    put(queue, topic, *IDS)
    with pytest.raises(PulsoError, match="a table is missing"):
        worker.run(drain=True)
    left = queue.client.xpending_range(queue.stream, GROUP, "-", "+", 100)
    assert [entry["times_delivered"] for entry in left] == [0] * (2 * EACH)
    assert queue.backlog() == len(IDS)
