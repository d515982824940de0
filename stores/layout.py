"""How a topic's posts are partitioned: recorded at its first post, held to ever after."""

from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.tables import TOPIC_LAYOUT
from conf.topic import Topic


def record_layout(session: Session, keyspace: str, topic: Topic) -> None:
    """Records a topic's time zone and buckets before its first post is stored, then checks. Raises WrongUse."""
    session.execute(
        f"INSERT INTO {keyspace}.{TOPIC_LAYOUT.name} (topic, timezone, buckets) VALUES (%s, %s, %s) IF NOT EXISTS",
        (topic.topic, topic.timezone, topic.buckets),
    )
    check_layout(session, keyspace, topic)


def check_layout(session: Session, keyspace: str, topic: Topic) -> None:
    """Refuses a topic file whose time zone or buckets are not those under which its posts are stored.

    Raises WrongUse: with other days or buckets, stored posts would be missed and replayed ones doubled.
    """
    query = f"SELECT timezone, buckets FROM {keyspace}.{TOPIC_LAYOUT.name} WHERE topic = %s"
    found = session.execute(query, (topic.topic,)).one()
    if found and (found.timezone, found.buckets) != (topic.timezone, topic.buckets):
        raise WrongUse(
            f"topic {topic.topic} was stored with timezone: {found.timezone} and buckets: {found.buckets}, "
            f"its file now says {topic.timezone} and {topic.buckets}",
            "Put the stored values back, or give the topic a new name and replay its captures",
        )
