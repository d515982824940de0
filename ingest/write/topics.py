"""The topics of a worker's messages: loaded once, and checked against how their posts are stored."""

from datetime import date

import structlog
from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.settings import Settings
from conf.topic import NoTopic, Topic, load_topic
from ingest.write.refusal import UnusableTopic
from stores.layout import DayLayouts, record_layout

MOST_TOLD = 100
"""Topics without a file that are told of; strangers can't name topics, but a wrong program can."""

log = structlog.get_logger("worker")


class TopicBook:
    """Loads and checks a topic when its first message comes."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._topics: dict[str, Topic] = {}
        self._missing = set[str]()
        self._days = DayLayouts(session, settings.keyspace)

    def get(self, name: str) -> Topic:
        """Returns the topic with this name.

        Raises NoTopic when there is no file of it here, and WrongUse when its time zone differs from that of the stored
        posts: then its messages are refused. Raises UnusableTopic when its file is not valid, and the driver's errors
        while Cassandra is down.
        """
        if name not in self._topics:
            topic = self._load(name)
            record_layout(self._session, self._settings.keyspace, topic)
            self._topics[name] = topic
        return self._topics[name]

    def _load(self, name: str) -> Topic:
        try:
            return load_topic(name, self._settings.topics_dir)
        except NoTopic as error:
            self._warn(name, error)
            raise
        except WrongUse as error:
            raise UnusableTopic(error.what, error.fix) from error

    def _warn(self, name: str, error: NoTopic) -> None:
        if name not in self._missing and len(self._missing) < MOST_TOLD:
            self._missing.add(name)
            log.warning("messages of a topic are refused", topic=name, reason=str(error))

    def buckets_of(self, topic: Topic, day: date) -> int:
        """Returns the number of partitions of a day of which a post is about to be stored (`DayLayouts.settled`)."""
        return self._days.settled(topic, day)
