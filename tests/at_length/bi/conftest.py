"""A topic with a poll, a graph, authors and a text, and one server of BI for all tests."""

from collections.abc import Iterator

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from tests.at_length.bi.served import Served, missing, served
from tests.conftest import make_topic
from tests.support.summaries import store_some

TEXT = 'Grâce 東京 مرحبا Işık; O\'Neil "x"\n=1+1 end'


@pytest.fixture(scope="session")
def filled(settings: Settings, session: Session) -> Topic:
    """The topic."""
    return store_some(session, settings, make_topic(settings), TEXT)


@pytest.fixture(scope="package")
def bi(filled: Topic) -> Iterator[Served]:
    """The server; it ends with these tests, since those of Superset start one from the same home."""
    if why := missing():
        pytest.skip(why)
    with served() as found:
        yield found
