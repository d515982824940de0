"""Writes on a real Cassandra: how many are in flight at once, and that none is when it raises."""

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, ResponseFuture, Session
from rich.console import Console

from conf.settings import Settings
from conf.topic import Topic
from deploy.engines import Engines
from ingest.formats import parse
from ingest.queue.envelope import Message
from ingest.write.rows import Write, row_of
from ingest.write.writer import PostWriter
from stores.connect import cassandra_session
from stores.refused import FAILURES
from tests.support.posts import stream_line, tweet
from tests.support.stored import stored

FIRST_DAY = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Recording:
    """A session that keeps the futures of what it sends, and how many of them were open at most."""

    def __init__(self, session: Session) -> None:
        self.futures: list[ResponseFuture] = []
        self.most_open = 0
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def execute_async(self, statement: Any, *values: Any) -> ResponseFuture:
        future = self._session.execute_async(statement, *values)
        self.futures.append(future)
        self.most_open = max(self.most_open, self.open())
        return future

    def open(self) -> int:
        return sum(not future._event.is_set() for future in self.futures)


def writes(topic: Topic, days: int) -> list[Write]:
    """A write a day, so that each is a batch of its own."""
    made = []
    for i in range(days):
        at = (FIRST_DAY + timedelta(days=i)).isoformat()
        post = parse("x_v2", stream_line(tweet(str(i), created_at=at)))
        made.append(Write(Message(topic.topic, "x", "x_v2", b"", id=f"{i + 1}-0"), row_of(post, topic), i + 1))
    return made


@pytest.mark.parametrize("in_flight", [1, 8])
def test_a_bounded_number_is_in_flight(session: Session, settings: Settings, topic: Topic, in_flight: int) -> None:
    recording = Recording(session)
    assert PostWriter(recording, settings.keyspace, in_flight=in_flight).write(writes(topic, 100)) == []
    assert len(recording.futures) == 200, "a batch a day, and one counts the change of the day"
    assert min(in_flight, 2) <= recording.most_open <= in_flight
    assert len(stored(session, settings.keyspace, topic.topic)) == 100


def test_rows_of_a_partition_share_batches_of_bounded_size(session: Session, settings: Settings, topic: Topic) -> None:
    rows = writes(topic, 1)[0].row
    same = [Write(Message(topic.topic, "x", "x_v2", b"", id=f"{i}-0"), rows, i) for i in range(1, 101)]
    for most, batches in ((rows.size * 100, 1), (rows.size * 10, 10), (1, 100)):
        recording = Recording(session)
        assert PostWriter(recording, settings.keyspace, batch_bytes=most).write(same) == []
        assert len(recording.futures) == batches + 1, "one counts the change of the day"


def test_when_it_raises_nothing_is_in_flight(session: Session, settings: Settings, topic: Topic) -> None:
    cassandra = next(s for s in Engines(settings, console=Console(quiet=True)).status() if s.engine == "Cassandra")
    assert cassandra.pid
    with cassandra_session(settings) as own:
        own.get_execution_profile(EXEC_PROFILE_DEFAULT).request_timeout = 0.5
        recording = Recording(own)
        writer = PostWriter(recording, settings.keyspace, in_flight=8)
        os.kill(cassandra.pid, signal.SIGSTOP)
        try:
            with pytest.raises(FAILURES):
                writer.write(writes(topic, 100))
            assert recording.open() == 0
            assert len(recording.futures) < 100, "nothing more was sent"
        finally:
            os.kill(cassandra.pid, signal.SIGCONT)
        assert writer.write(writes(topic, 100)) == []
    assert len(stored(session, settings.keyspace, topic.topic)) == 100
