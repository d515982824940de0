"""A worker's access to Cassandra: writes posts, changes stored posts, and keeps the record of collection."""

from cassandra.cluster import Session

from conf.settings import DEFAULTS
from ingest.write.collection_record import CollectionRecord
from ingest.write.ledger import Ledger
from ingest.write.names import AccountNames
from ingest.write.stored_posts import StoredPosts
from ingest.write.writer import PostWriter


class Store:
    """The objects for one keyspace: for writing posts, for stored posts, for accounts' names, for what was taken back,
    and for the record of collection.

    Raises PulsoError, with the fix, if tables are missing.
    """

    def __init__(
        self,
        session: Session,
        keyspace: str,
        batch_bytes: int = DEFAULTS.write_batch_bytes,
        in_flight: int = DEFAULTS.write_in_flight,
        taken_back_days: int = DEFAULTS.taken_back_days,
        *,
        words: bool = DEFAULTS.word_index,
    ) -> None:
        self.keyspace, self.words = keyspace, words
        self.posts = PostWriter(session, keyspace, batch_bytes, in_flight, words=words)
        self.stored = StoredPosts(session, keyspace)
        self.names = AccountNames(session, keyspace)
        self.ledger = Ledger(session, keyspace, taken_back_days)
        self.collection = CollectionRecord(session, keyspace)
