"""A word that a test keeps in both engines, to see that their data survives."""

from conf.settings import Settings
from stores.connect import cassandra_session, redis_client


def write(settings: Settings, said: str) -> None:
    """Keeps a word in both engines, in a new keyspace."""
    with cassandra_session(settings) as session:
        session.execute(f"CREATE KEYSPACE kept WITH replication = {settings.replication_cql}")
        session.execute("CREATE TABLE kept.row (id int PRIMARY KEY, said text)")
        session.execute("INSERT INTO kept.row (id, said) VALUES (1, %s)", (said,))
    with redis_client(settings) as client:
        client.set("said", said)


def read(settings: Settings) -> tuple[str, bytes]:
    """Returns the word from Cassandra and from Redis."""
    with cassandra_session(settings) as session, redis_client(settings) as client:
        return session.execute("SELECT said FROM kept.row WHERE id = 1").one().said, client.get("said")
