"""The topics of a worker's messages: loaded once, and checked against how their posts are stored."""

from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic, load_topic
from stores.layout import record_layout


class TopicBook:
    """Loads and checks a topic when its first message comes."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._topics: dict[str, Topic] = {}

    def get(self, name: str) -> Topic:
        """Returns the topic with this name.

        Raises WrongUse when its file is missing or wrong, or when its time zone or buckets differ from those of the
        stored posts. Raises the driver's errors while Cassandra is down.
        """
        if name not in self._topics:
            topic = load_topic(name, self._settings.topics_dir)
            record_layout(self._session, self._settings.keyspace, topic)
            self._topics[name] = topic
        return self._topics[name]
