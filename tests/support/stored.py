"""Reads the table `posts`."""

from typing import Any

from cassandra.cluster import Session


def stored(session: Session, keyspace: str, topic: str) -> dict[str, Any]:
    """Returns all rows of a topic, by post id. Fails for a post that stands in two partitions."""
    rows = session.execute(f"SELECT * FROM {keyspace}.posts WHERE topic = %s ALLOW FILTERING", (topic,))
    found: dict[str, Any] = {}
    for row in rows:
        assert row.post_id not in found, f"{row.post_id} stands in two partitions"
        found[row.post_id] = row
    return found
