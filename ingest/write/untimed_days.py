"""Notes the days with a post whose id does not tell its event time, before the post is stored (`stores/untimed.py`)."""

from collections.abc import Iterable

from cassandra.cluster import Session

from conf.snowflakes import TIMED, tells_time
from ingest.write.rows import Write
from stores.untimed import UntimedDay, note_untimed


class UntimedDays:
    """Notes each day once, as long as this object lives."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self._session = session
        self._keyspace = keyspace
        self._noted: set[UntimedDay] = set()

    def note(self, writes: Iterable[Write]) -> None:
        """Notes the days of the writes whose ids do not tell the event time. Raises the driver's errors."""
        found = {untimed for write in writes if (untimed := _untimed_day(write))} - self._noted
        if found:  # without it, each batch would wait for Cassandra to prepare a statement
            note_untimed(self._session, self._keyspace, found)
            self._noted |= found


def _untimed_day(write: Write) -> UntimedDay | None:
    topic, day, _, source, post_id = write.row.key
    if source not in TIMED or tells_time(source, post_id, write.row.event_at):
        return None
    return topic, day, source
