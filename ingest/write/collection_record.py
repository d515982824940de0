"""The record of live collection in Cassandra: its gaps, and how far it has come."""

from cassandra.cluster import Session

from conf.tables import COLLECTION_GAPS, COLLECTION_THROUGH
from ingest.queue.envelope import Message
from ingest.queue.notes import Gap, Through
from stores.prepare import prepared


class CollectionRecord:
    """Written by workers, as messages say; read by jobs (jobs/framework/coverage.py) and people."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._gap = prepared(session, COLLECTION_GAPS.insert(keyspace, timestamp=True))
        self._through = prepared(session, COLLECTION_THROUGH.insert(keyspace, timestamp=True))

    def write(self, message: Message, note: Gap | Through) -> None:
        """Keeps a note; the later in the queue replaces the earlier. Raises what the driver raises."""
        where = (message.topic, message.source)
        if isinstance(note, Gap):
            values = (*where, note.start, note.end, note.reason, note.lost, message.write_time)
            self._session.execute(self._gap, values)
        else:
            self._session.execute(self._through, (*where, note.at, message.write_time))
