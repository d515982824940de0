"""What several tests of graphs read."""

from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from tests.support.stored_graph import some_graph, store


@pytest.fixture
def made(session: Session, settings: Settings, topic: Topic) -> Any:
    """A stored graph, as a NetworkX graph."""
    return store(some_graph(), session, settings, topic)
