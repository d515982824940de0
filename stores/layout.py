"""Records how a topic's posts are partitioned, and checks topic files against the record.

The record is written before the topic's first post.
"""

from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.tables import TOPIC_LAYOUT
from conf.topic import Topic


def record_layout(session: Session, keyspace: str, topic: Topic) -> None:
    """Records a topic's time zone and buckets, unless they are recorded already.

    Then checks the topic file against the record.

    It must be called before the topic's first post is stored. Raises WrongUse as `check_layout` does.
    """
    session.execute(
        f"INSERT INTO {keyspace}.{TOPIC_LAYOUT.name} (topic, timezone, buckets, ids_noted) "
        "VALUES (%s, %s, %s, true) IF NOT EXISTS",
        (topic.topic, topic.timezone, topic.buckets),
    )
    check_layout(session, keyspace, topic)


def check_layout(session: Session, keyspace: str, topic: Topic) -> None:
    """Raises WrongUse if the topic's time zone or buckets differ from the recorded ones.

    With other days or buckets, stored posts would be missed, and replayed posts would be stored twice.
    """
    query = f"SELECT timezone, buckets FROM {keyspace}.{TOPIC_LAYOUT.name} WHERE topic = %s"
    found = session.execute(query, (topic.topic,)).one()
    if found and (found.timezone, found.buckets) != (topic.timezone, topic.buckets):
        raise WrongUse(
            f"topic {topic.topic} was stored with timezone: {found.timezone} and buckets: {found.buckets}, "
            f"but its file now says {topic.timezone} and {topic.buckets}",
            "Put the stored values back into the file, or give the topic a new name and replay its captures",
        )
