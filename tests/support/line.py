"""Messages of one topic, from the queue to the table: posts, notices and deletions, and what then is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cassandra.cluster import Session
from msgspec.structs import replace

from conf.settings import Settings
from conf.snowflakes import x_made_at
from ingest.formats import Unit, split
from ingest.queue.envelope import Route, envelope_of
from ingest.queue.posts_queue import PostsQueue
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from tests.support.bluesky import event, tid
from tests.support.posts import stream_line, tweet
from tests.support.stored import stored, stored_words

AT = datetime(2026, 5, 25, 15, 59, 59, tzinfo=UTC)
"""One second before midnight in Manila, where the tests' topics are."""
X_ID = str(((int(AT.timestamp() * 1000) - 1_288_834_974_657) << 22) + 7)
LATER = timedelta(seconds=30)
OWN = f"did:plc:ana/{tid(AT)}"
OTHER = f"did:plc:ben/{tid(AT)}"
"""The ids of the posts of two accounts of Bluesky."""


class Line:
    """Messages, work, and what then stands in the table, for one topic."""

    def __init__(self, queue: PostsQueue, session: Session, settings: Settings, topic: str) -> None:
        self.queue, self.topic = queue, topic
        self._session, self._settings = session, settings
        self.make_worker().run(drain=True)

    def make_worker(self) -> Worker:
        store = Store(self._session, self._settings.keyspace)
        worker = Worker(self.queue, store, TopicBook(self._session, self._settings), claim_idle=0.5)
        worker._admission._topics.get(self.topic)
        return worker

    def put(self, *lines: bytes, format_: str = "", route: Route | None = None) -> None:
        for line in lines:
            for unit in split(line) if not format_ else [Unit(format_, "x", line)]:
                assert isinstance(unit, Unit), unit
                envelope = envelope_of(self.topic, unit)
                self.queue.add([replace(envelope, route=route or envelope.route)])

    def work(self, *lines: bytes, format_: str = "") -> dict[str, Any]:
        self.put(*lines, format_=format_)
        self.make_worker().run(drain=True)
        return self.rows()

    def rows(self) -> dict[str, Any]:
        """The topic's posts. Fails if a post has no row of words, or the words of another post are left."""
        rows = stored(self._session, self._settings.keyspace, self.topic)
        assert self.words().keys() == rows.keys()
        return rows

    def words(self) -> dict[str, set[str]]:
        return stored_words(self._session, self._settings.keyspace, self.topic)


def x_post(post_id: str = X_ID, **changes: Any) -> bytes:
    made = x_made_at(post_id)
    assert made is not None
    made = made.replace(microsecond=0)
    return stream_line(tweet(post_id, created_at=made.isoformat(), **changes))


def x_notice(post_id: str = X_ID) -> bytes:
    return orjson.dumps({"delete": {"status": {"id": int(post_id), "id_str": post_id, "user_id_str": "10"}}})


def compliance(action: str = "delete", post_id: str = X_ID) -> bytes:
    return orjson.dumps({"id": post_id, "action": action, "created_at": AT.isoformat(), "reason": "deleted"})


def own(text: str = "said Duterte #halalan") -> bytes:
    return event({"text": text, "langs": ["tl"], "tags": ["halalan"]}, AT)


def other() -> bytes:
    return event({"text": "stays"}, AT, did="did:plc:ben")
