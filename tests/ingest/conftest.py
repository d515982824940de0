"""What several tests of ingest need."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from conf.credentials import cassandra_login
from conf.settings import Settings, load_settings
from deploy.engines import Engines
from ingest.queue.posts_queue import PostsQueue
from stores.connect import redis_client
from tests.support.ports import LOCAL, free_port


@pytest.fixture
def full(settings: Settings, tmp_path: Path) -> Iterator[PostsQueue]:
    """A queue in a Redis of the test's own, which is made to run out of memory."""
    login = cassandra_login(settings)
    assert login, "the engines of the tests need logins"
    own = load_settings(
        home=tmp_path,
        redis_url=f"redis://{LOCAL}:{free_port()}/0",
        cassandra_user=login.user,
        cassandra_password=login.password,
    )
    engines = Engines(own, console=Console(quiet=True))
    engines.up()
    try:
        client = redis_client(own)
        queue = PostsQueue(client, f"test:{uuid.uuid4().hex}")
        queue.ensure_group()
        yield queue
        client.close()
    finally:
        engines.down()
