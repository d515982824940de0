"""Odd posts of strangers: each becomes a dead letter with its reason, and stops no other message and no worker."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cassandra import AuthenticationFailed, InvalidRequest, OperationTimedOut, Unauthorized
from cassandra.cluster import NoHostAvailable, Session

from conf.errors import PulsoError
from conf.settings import Settings
from conf.topic import Topic
from ingest.formats import Unit, split
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Message, envelope_of
from ingest.queue.patience import GaveUp
from ingest.queue.posts_queue import MOST_DELIVERIES, PostsQueue
from ingest.write import steps as steps_module
from ingest.write.refusal import Fence, Refusal, RefusalLimit
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from ingest.write.writer import End
from tests.support.bluesky import event
from tests.support.commands import run_code
from tests.support.mastodon_server import status
from tests.support.posts import stream_line, tweet
from tests.support.stored import stored

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
YEAR_1 = "0001-01-01T00:00:00.000Z"


def updated(post: dict[str, Any]) -> bytes:
    """Returns a Mastodon status as a line of a capture."""
    return orjson.dumps({"event": "update", "payload": post})


NUMBER = {"$type": "app.bsky.embed.external", "external": {"uri": 5}}
ODD: dict[str, bytes] = {
    "a link that is a number": event({"text": "a", "embed": NUMBER}, AT),
    "a post in the year 1": updated(status(1, created_at=YEAR_1)),
    "an account from the year 1": updated(status(1) | {"account": status(1)["account"] | {"created_at": YEAR_1}}),
    "an edit of a post with a short id": stream_line(tweet("9", edit_history_tweet_ids=["5", "9"])),
    "an edit of a post whose id is a text": stream_line(tweet("9", edit_history_tweet_ids=["x" * 30, "9"])),
    "an edit of a post with a long id": stream_line(tweet("9", edit_history_tweet_ids=["9" * 4000, "9"])),
}


@pytest.fixture
def worker(session: Session, settings: Settings, queue: PostsQueue) -> Worker:
    return Worker(queue, Store(session, settings.keyspace), TopicBook(session, settings), claim_idle=0.2)


def put(queue: PostsQueue, topic: Topic, *lines: bytes) -> None:
    for number, line in enumerate(lines, 1):
        units = [unit for unit in split(line) if isinstance(unit, Unit)]
        assert units, line
        queue.add([envelope_of(topic.topic, unit, f"file:{number}") for unit in units])


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_an_odd_post_costs_no_neighbour(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings, line: bytes
) -> None:
    put(queue, topic, stream_line(tweet("1")), line, stream_line(tweet("3")))
    worker.run(drain=True)
    assert {"1", "3"} <= stored(session, settings.keyspace, topic.topic).keys()
    assert queue.backlog() == 0
    assert worker.stored + worker.done["dead"] == 3
    assert all(letter.reason and letter.origin == "file:2" for letter in DeadLetters(queue).read())


def test_a_defect_in_our_own_code_costs_one_message(
    worker: Worker, queue: PostsQueue, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    original: Callable[..., Any] = steps_module.parse  # type: ignore[attr-defined]

    def parse(format_: str, payload: bytes) -> Any:
        if b'"2"' in payload:
            raise ZeroDivisionError("a case that\nnobody thought of")
        return original(format_, payload)

    monkeypatch.setattr(steps_module, "parse", parse)
    put(queue, topic, *(stream_line(tweet(number)) for number in "123"))
    worker.run(drain=True)
    assert (worker.stored, queue.backlog()) == (2, 0)
    [letter] = DeadLetters(queue).read()
    assert letter.reason == "ZeroDivisionError: a case that nobody thought of"


MESSAGE = Message("t", "x", "", b"", id="0-0")


@pytest.mark.parametrize("error", [InvalidRequest("too large"), PulsoError("no topic", ""), KeyError("a")])
def test_what_is_wrong_with_a_message_refuses_it(error: Exception) -> None:
    refused: list[Refusal] = []
    with Fence(MESSAGE, refused):
        raise error
    assert len(refused) == 1


@pytest.mark.parametrize("error", [OperationTimedOut(), Unauthorized("no"), GaveUp("no"), KeyboardInterrupt()])
def test_what_is_wrong_with_a_store_refuses_no_message(error: BaseException) -> None:
    refused: list[Refusal] = []
    with pytest.raises(type(error)), Fence(MESSAGE, refused):
        raise error
    assert refused == []


def test_what_fails_only_as_a_batch_is_tried_in_halves_down_to_the_message(
    worker: Worker, queue: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    begin = worker._store.posts.begin

    def failing(writes: Any) -> End:
        writes = list(writes)
        if any(row.row.key[-1] == "37" for row in writes):
            raise ZeroDivisionError("a row that breaks the driver")
        return begin(writes)

    worker._store.posts.begin = failing  # type: ignore[method-assign]
    put(queue, topic, *(stream_line(tweet(str(number))) for number in range(100)))
    worker.run(drain=True)
    assert stored(session, settings.keyspace, topic.topic).keys() == {str(i) for i in range(100)} - {"37"}
    [letter] = DeadLetters(queue).read()
    assert (letter.origin, letter.reason) == ("file:38", "ZeroDivisionError: a row that breaks the driver")
    assert (worker.stored, worker.done["dead"], queue.backlog()) == (99, 1, 0)


def test_a_message_that_was_never_finished_is_refused_and_its_neighbours_are_stored(
    worker: Worker, queue: PostsQueue, topic: Topic
) -> None:
    put(queue, topic, *(stream_line(tweet(number)) for number in "123"))
    queue.read("dead", 10, 10)
    second = queue.client.xrange(queue.stream)[1][0]
    queue.client.xclaim(queue.stream, "workers", "dead", 0, [second], retrycount=MOST_DELIVERIES, justid=True)
    time.sleep(0.3)
    worker.run(drain=True)
    [letter] = DeadLetters(queue).read()
    assert letter.origin == "file:2"
    assert letter.reason == "read 5 times and never finished: it may have ended the workers"
    assert (worker.stored, queue.backlog()) == (2, 0)


@pytest.mark.parametrize(
    "error", [Unauthorized("no MODIFY"), NoHostAvailable("no host", {"a": AuthenticationFailed("bad credentials")})]
)
def test_a_user_that_a_store_refuses_ends_the_worker_in_one_line_and_acks_nothing(
    worker: Worker, queue: PostsQueue, topic: Topic, error: Exception
) -> None:
    def refuse(_writes: Any) -> End:
        raise error

    worker._store.posts.begin = refuse  # type: ignore[method-assign,assignment]
    put(queue, topic, stream_line(tweet("1")))
    with pytest.raises(PulsoError, match=r"^Cassandra refuses this user: .*Check PULSO_CASSANDRA_USER"):
        worker.run(drain=True)
    assert (queue.backlog(), DeadLetters(queue).count()) == (1, 0)


ENDS_ITS_WORKER = """
import os, sys
from conf.settings import load_settings
from ingest.queue.posts_queue import open_queue
from ingest.write import steps
from ingest.write.worker import make_worker
from stores.connect import cassandra_session
parse = steps.parse
steps.parse = lambda name, payload: os._exit(9) if b'"37"' in payload else parse(name, payload)
settings = load_settings(worker_claim_idle=0.3)
with cassandra_session(settings) as session:
    make_worker(settings, open_queue(settings), session).run(drain=True)
"""


def test_a_message_that_ends_every_worker_costs_five_of_them_and_no_other_message(
    stream: PostsQueue, topic: Topic, session: Session, settings: Settings
) -> None:
    put(stream, topic, *(stream_line(tweet(str(number))) for number in range(100)))
    ended = 0
    while (code := run_code(ENDS_ITS_WORKER)) == 9:
        ended += 1
        assert ended <= MOST_DELIVERIES
    assert (code, ended) == (0, MOST_DELIVERIES)
    assert stored(session, settings.keyspace, topic.topic).keys() == {str(i) for i in range(100)} - {"37"}
    [letter] = DeadLetters(stream).read()
    assert letter.origin == "file:38"
    assert stream.backlog() == 0


def refusals(count: int) -> list[Refusal]:
    return [Refusal(MESSAGE, "not valid JSON")] * count


def test_a_worker_that_finds_everything_invalid_stops_and_says_so() -> None:
    limit = RefusalLimit()
    limit.count(0, refusals(999))
    limit.count(1, [])
    limit.count(0, refusals(999))
    with pytest.raises(
        PulsoError, match=r"1,999 of the last 2,000 messages were refused, the last one: not valid JSON"
    ):
        limit.count(0, refusals(1))


def test_a_worker_that_finds_nearly_everything_invalid_stops_though_some_are_good() -> None:
    limit = RefusalLimit()
    for _ in range(1_000):
        limit.count(6, refusals(94))
    with pytest.raises(PulsoError, match=r"9,500 of the last 10,000 messages were refused"):
        deque((limit.count(4, refusals(96)) for _ in range(1_000)), maxlen=0)  # type: ignore[func-returns-value]


def test_the_batch_that_reaches_the_limit_may_have_nothing_refused_itself() -> None:
    limit = RefusalLimit()
    for _ in range(199):
        limit.count(1, refusals(49))
    with pytest.raises(PulsoError, match=r"9,751 of the last 10,000 messages were refused, the last one: not valid"):
        limit.count(50, [])


def test_half_of_all_messages_may_be_odd_for_ever() -> None:
    limit = RefusalLimit()
    for _ in range(2_000):
        limit.count(50, refusals(50))
