"""The topics of a worker's messages: loaded once, and checked against how their posts are stored."""

from datetime import date

from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic, load_topic
from stores.layout import DayLayouts, record_layout


class TopicBook:
    """Loads and checks a topic when its first message comes."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._topics: dict[str, Topic] = {}
        self._days = DayLayouts(session, settings.keyspace)

    def get(self, name: str) -> Topic:
        """Returns the topic with this name.

        Raises WrongUse when its file is missing or wrong, or when its time zone differs from that of the stored posts.
        Raises the driver's errors while Cassandra is down.
        """
        if name not in self._topics:
            topic = load_topic(name, self._settings.topics_dir)
            record_layout(self._session, self._settings.keyspace, topic)
            self._topics[name] = topic
        return self._topics[name]

    def buckets_of(self, topic: Topic, day: date) -> int:
        """Returns the number of partitions of a day of which a post is about to be stored (`DayLayouts.settled`)."""
        return self._days.settled(topic, day)
