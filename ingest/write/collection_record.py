"""The record of live collection in Cassandra: gaps, and the time up to which all messages are stored."""

from cassandra.cluster import Session

from conf.tables import COLLECTION_GAPS, COLLECTION_THROUGH
from ingest.queue.envelope import Message
from ingest.queue.notes import Gap, Through
from stores.prepare import prepared


class CollectionRecord:
    """Workers write the record from the collectors' notes; jobs read it (jobs/framework/coverage.py)."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._gap = prepared(session, COLLECTION_GAPS.insert(keyspace, timestamp=True))
        self._through = prepared(session, COLLECTION_THROUGH.insert(keyspace, timestamp=True))

    def write(self, message: Message, note: Gap | Through) -> None:
        """Stores a note. A later note in the queue replaces it. Raises the driver's errors."""
        where = (message.topic, message.source)
        if isinstance(note, Gap):
            values = (*where, note.start, note.end, note.reason, note.lost, message.write_time)
            self._session.execute(self._gap, values)
        else:
            self._session.execute(self._through, (*where, note.at, message.write_time))
