"""What a worker needs of Cassandra: rows of posts written, stored posts changed, the record of collection kept."""

from cassandra.cluster import Session

from ingest.write.collection_record import CollectionRecord
from ingest.write.stored_posts import StoredPosts
from ingest.write.writer import PostWriter


class Store:
    """One keyspace, by its three parts. Raises PulsoError, with the fix, where the tables are not there."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self.posts = PostWriter(session, keyspace)
        self.changes = StoredPosts(session, keyspace)
        self.collection = CollectionRecord(session, keyspace)
