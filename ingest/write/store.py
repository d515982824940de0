"""A worker's access to Cassandra: writes posts, changes stored posts, and keeps the record of collection."""

from cassandra.cluster import Session

from conf.settings import DEFAULTS
from ingest.write.collection_record import CollectionRecord
from ingest.write.stored_posts import StoredPosts
from ingest.write.writer import PostWriter


class Store:
    """Three objects for one keyspace: for posts, for changes, and for the record of collection.

    Raises PulsoError, with the fix, if tables are missing.
    """

    def __init__(
        self,
        session: Session,
        keyspace: str,
        batch_bytes: int = DEFAULTS.write_batch_bytes,
        in_flight: int = DEFAULTS.write_in_flight,
    ) -> None:
        self.posts = PostWriter(session, keyspace, batch_bytes, in_flight)
        self.changes = StoredPosts(session, keyspace)
        self.collection = CollectionRecord(session, keyspace)
