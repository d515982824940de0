"""Reads the tables `posts` and `post_words`."""

from typing import Any

from cassandra.cluster import Session


def stored(session: Session, keyspace: str, topic: str) -> dict[str, Any]:
    """Returns all rows of a topic, by post id. Fails for a post that stands in two partitions."""
    return _rows(session, keyspace, "posts", topic)


def stored_words(session: Session, keyspace: str, topic: str) -> dict[str, set[str]]:
    """Returns the words of all posts of a topic, by post id. Fails as `stored` does."""
    return {post_id: set(row.words or ()) for post_id, row in _rows(session, keyspace, "post_words", topic).items()}


def _rows(session: Session, keyspace: str, table: str, topic: str) -> dict[str, Any]:
    rows = session.execute(f"SELECT * FROM {keyspace}.{table} WHERE topic = %s ALLOW FILTERING", (topic,))
    found: dict[str, Any] = {}
    for row in rows:
        assert row.post_id not in found, f"{row.post_id} stands in two partitions"
        found[row.post_id] = row
    return found
