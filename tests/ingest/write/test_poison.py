"""Odd posts of strangers: each becomes a dead letter with its reason, and stops no other message and no worker."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cassandra import InvalidRequest, OperationTimedOut, Unauthorized
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.settings import Settings
from conf.topic import Topic
from ingest.formats import Unit, split
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Message, envelope_of
from ingest.queue.patience import GaveUp
from ingest.queue.posts_queue import PostsQueue
from ingest.write import worker as worker_module
from ingest.write.refusal import Fence, Refusal
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from tests.support.bluesky import event
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
    original: Callable[..., Any] = worker_module.parse  # type: ignore[attr-defined]

    def parse(format_: str, payload: bytes) -> Any:
        if b'"2"' in payload:
            raise ZeroDivisionError("a case that\nnobody thought of")
        return original(format_, payload)

    monkeypatch.setattr(worker_module, "parse", parse)
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
