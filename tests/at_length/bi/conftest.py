"""A topic with a poll, a graph, authors and a text, and one server of BI for all tests."""

from collections.abc import Iterator

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from tests.at_length.bi.served import Served, missing, served
from tests.conftest import make_topic
from tests.support.stored_graph import some_graph, store
from tests.support.summaries import run, store_authors, store_poll, store_text

TEXT = 'Grâce 東京 مرحبا Işık; O\'Neil "x"\n=1+1 end'


@pytest.fixture(scope="session")
def filled(settings: Settings, session: Session) -> Topic:
    """The topic."""
    topic = make_topic(settings)
    store_poll(session, settings, topic)
    run(session, settings, topic, "network_graph")
    store(some_graph(), session, settings, topic)
    store_authors(session, settings, topic, ["ana", "ben"], shown=True)
    store_text(session, settings, topic, TEXT)
    return topic


@pytest.fixture(scope="session")
def bi(filled: Topic) -> Iterator[Served]:
    """The server."""
    if why := missing():
        pytest.skip(why)
    with served() as found:
        yield found
