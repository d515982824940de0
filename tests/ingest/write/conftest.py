"""What several tests of the worker need."""

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import TAKEN_BACK
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from tests.support.line import Line


@pytest.fixture
def no_ledger(session: Session, settings: Settings) -> None:
    """Empties the ledger, also of the marks that an account came back, which have the times of another test."""
    session.execute(f"TRUNCATE {settings.keyspace}.{TAKEN_BACK.name}", timeout=60)


@pytest.fixture
def line(queue: PostsQueue, session: Session, settings: Settings, topic: Topic) -> Line:
    return Line(queue, session, settings, topic.topic)
