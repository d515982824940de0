"""What several tests of the worker need, and a keyspace of their own.

What becomes of an account is looked up in all topics. The other tests leave hundreds of them, with the same accounts.
"""

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
from cassandra.cluster import Session

from conf.settings import Settings, load_settings
from conf.tables import TAKEN_BACK
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from stores.connect import RedisClient, redis_client
from tests.conftest import migrated_session
from tests.support.few_tables import few_tables
from tests.support.line import Line


@pytest.fixture(scope="package")
def settings(settings: Settings) -> Iterator[Settings]:
    """The settings of the run's engines, with another keyspace; they are also in the environment."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PULSO_KEYSPACE", f"{settings.keyspace}_{uuid.uuid4().hex[:8]}")
        yield load_settings()


@pytest.fixture(scope="package")
def session(settings: Settings) -> Iterator[Session]:
    """A Cassandra session on migrated tables, which go at the end."""
    with migrated_session(settings) as session:
        yield session
        session.execute(f"DROP KEYSPACE {settings.keyspace}", timeout=60)


@pytest.fixture(scope="package")
def client(settings: Settings) -> Iterator[RedisClient]:
    """A Redis client."""
    with closing(redis_client(settings)) as client:
        yield client


@pytest.fixture
def no_ledger(session: Session, settings: Settings) -> None:
    """Empties the ledger, also of the marks that an account came back, which have the times of another test."""
    session.execute(f"TRUNCATE {settings.keyspace}.{TAKEN_BACK.name}", timeout=60)


@pytest.fixture
def line(queue: PostsQueue, session: Session, settings: Settings, topic: Topic) -> Line:
    return Line(queue, session, settings, topic.topic)


@pytest.fixture(name="few_tables")
def _few_tables() -> Iterator[None]:
    """Lets `migrate` make only the tables of posts, and two of jobs."""
    with few_tables():
        yield
