"""The record of live collection in Cassandra: its gaps, and how far it has come."""

from datetime import UTC, datetime

from cassandra.cluster import Session

from conf.prepare import prepared
from conf.tables import COLLECTION_GAPS, COLLECTION_THROUGH
from ingest.gaps import Gap, Record, Through
from ingest.posts_queue import Message


class CollectionRecord:
    """Written by workers, as messages say; read by jobs and people."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._gap = prepared(session, COLLECTION_GAPS.insert(keyspace, timestamp=True))
        self._through = prepared(session, COLLECTION_THROUGH.insert(keyspace, timestamp=True))
        self._sources = prepared(session, f"SELECT * FROM {keyspace}.{COLLECTION_THROUGH.name} WHERE topic = ?")
        self._gaps = prepared(
            session, f"SELECT * FROM {keyspace}.{COLLECTION_GAPS.name} WHERE topic = ? AND source = ?"
        )

    def write(self, message: Message, note: Gap | Through) -> None:
        """Keeps a note; the later in the queue replaces the earlier. Raises what the driver raises."""
        where = (message.topic, message.source)
        if isinstance(note, Gap):
            values = (*where, note.start, note.end, note.reason, note.lost, message.write_time)
            self._session.execute(self._gap, values)
        else:
            self._session.execute(self._through, (*where, note.at, message.write_time))

    def read(self, topic: str) -> dict[str, Record]:
        """What is known of a topic's live collection, by source; empty where it was never collected live."""
        found = {}
        for row in self._session.execute(self._sources, (topic,)):
            rows = self._session.execute(self._gaps, (topic, row.source))
            gaps = [Gap(_utc(r.gap_start), _utc(r.gap_end), r.reason, r.posts_lost_estimate) for r in rows]
            found[row.source] = Record(gaps, _utc(row.through))
        return found


def _utc(at: datetime | None) -> datetime:
    """The driver's naive times with their zone; an open end stays None."""
    return at.replace(tzinfo=UTC) if at else at  # type: ignore[return-value]
