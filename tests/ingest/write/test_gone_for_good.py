"""What is deleted stays away for good, whatever comes later, and is kept in mind for as long as that needs."""

import re
from collections import defaultdict
from typing import Any

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import TAKEN_BACK
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Message
from ingest.queue.posts_queue import PostsQueue
from ingest.write.ledger import UNKNOWN_DAYS
from ingest.write.worker import Worker
from ingest.write.writer import End
from tests.conftest import make_topic
from tests.support.bluesky import account_is, event, tid
from tests.support.line import AT, LATER, OTHER, OWN, X_ID, Line, other, own, x_post

pytestmark = pytest.mark.usefixtures("no_ledger")


class TestForGood:
    def test_in_a_topic_that_comes_later(
        self, line: Line, queue: PostsQueue, session: Session, settings: Settings
    ) -> None:
        line.work(event(None, AT + LATER, rkey=tid(AT), operation="delete"), account_is("suspended", AT, "did:plc:ben"))
        later = Line(queue, session, settings, make_topic(settings).topic)
        assert later.work(own(), other()) == {}

    def test_from_the_dead_letters(self, line: Line, queue: PostsQueue) -> None:
        letters = DeadLetters(queue)
        letters.add([(Envelope(line.topic, "bluesky", "bluesky", own()), "tried too early")])
        line.work(event(None, AT + LATER, rkey=tid(AT), operation="delete"))
        assert letters.requeue(letters.read()) == (1, 0)
        assert line.work() == {}

    def test_when_redis_has_lost_everything(self, line: Line, queue: PostsQueue) -> None:
        line.work(event(None, AT + LATER, rkey=tid(AT), operation="delete"))
        queue.client.delete(*queue.client.keys(f"{queue.stream}*"))
        queue.ensure_group()
        assert line.work(own(), other()).keys() == {OTHER}

    def test_when_it_is_deleted_while_another_worker_stores_it(self, line: Line) -> None:
        line.put(own(), other())
        take_back_meanwhile(line, worker := line.make_worker())
        worker._process(line.queue.read(worker.consumer, 10, 10))
        assert line.rows() == {}

    def test_when_that_worker_dies_before_it_asks_again(self, line: Line) -> None:
        def die(*_: object) -> None:
            raise SystemExit

        line.put(own(), other())
        take_back_meanwhile(line, worker := line.make_worker())
        worker._admission.settle = die  # type: ignore[assignment, method-assign]
        with pytest.raises(SystemExit):
            worker._process(line.queue.read(worker.consumer, 10, 10))
        assert len(line.rows()) == 2
        assert line.work() == {}

    def test_nothing_is_written_for_posts_that_are_not_stored(
        self, line: Line, session: Session, settings: Settings
    ) -> None:
        line.work(x_post())
        unknown = [str(int(X_ID) + (number << 22)) for number in range(1, 50)]
        notices = [orjson.dumps({"delete": {"status": {"id_str": post_id}}}) for post_id in unknown]
        line.work(*notices)
        query = f"SELECT post_id FROM {settings.keyspace}.posts WHERE topic = %s AND day = '2026-05-25' AND bucket = %s"
        found = [session.execute(query, (line.topic, bucket), trace=True) for bucket in range(4)]
        assert [row.post_id for rows in found for row in rows] == [X_ID]
        told = " ".join(event.description for rows in found for event in rows.get_query_trace().events)
        counts = re.findall(r"(\d+) tombstone", told)
        assert len(counts) >= 4, "one of each read, and a read may be sent twice"
        assert set(counts) == {"0"}


def take_back_meanwhile(line: Line, worker: Worker) -> None:
    """Lets another worker delete the one post, and hide the other's account, when this one is about to write them."""
    quick, begin = line.make_worker(), worker._store.posts.begin

    def begin_late(writes: Any) -> End:
        deleted = event(None, AT + LATER, rkey=tid(AT), operation="delete")
        line.put(deleted, account_is("suspended", AT, "did:plc:ben"))
        outcomes: dict[str, list[Message]] = defaultdict(list)
        quick._changes.apply(line.queue.read(quick.consumer, 10, 10), quick._patiently, outcomes, [])
        quick._ack(outcomes["deleted"], "deleted")
        assert len(outcomes["deleted"]) == 2
        return begin(writes)

    worker._store.posts.begin = begin_late  # type: ignore[method-assign]


class TestLifetime:
    def test_of_what_is_not_stored_it_is_shorter(self, line: Line, session: Session, settings: Settings) -> None:
        line.work(own())
        line.work(
            event(None, AT + LATER, rkey=tid(AT), operation="delete"),
            event(None, AT + LATER, did="did:plc:nobody", rkey=tid(AT), operation="delete"),
        )
        days = _days_left(session, settings)
        assert days[OWN] == pytest.approx(settings.taken_back_days, abs=1)
        assert days[f"did:plc:nobody/{tid(AT)}"] == pytest.approx(UNKNOWN_DAYS, abs=1)
        assert UNKNOWN_DAYS == 90


def _days_left(session: Session, settings: Settings) -> dict[str, float]:
    """Returns the lifetime of each entry, in days."""
    rows = session.execute(f"SELECT id, TTL(noted_at) AS seconds FROM {settings.keyspace}.{TAKEN_BACK.name}")
    return {row.id: row.seconds / 86_400 for row in rows}
