"""Topics as a worker sees them: loaded once, and held to the partitioning under which their posts are stored."""

from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic, load_topic
from stores.layout import record_layout


class TopicBook:
    """The topics that messages name, each loaded and checked when it is first met."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._topics: dict[str, Topic] = {}

    def get(self, name: str) -> Topic:
        """The topic. Raises WrongUse when its file is missing, wrong, or against what is stored."""
        if name not in self._topics:
            topic = load_topic(name, self._settings.topics_dir)
            record_layout(self._session, self._settings.keyspace, topic)
            self._topics[name] = topic
        return self._topics[name]
