"""Notes days of which readers must know something, before the posts are stored that make it true."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import Generic, TypeVar

from cassandra.cluster import Session

from conf.snowflakes import TIMED, tells_time
from ingest.write.rows import Write
from stores.untimed import UntimedDay, note_untimed
from stores.wordless import note_wordless

D = TypeVar("D")


class NotedDays(Generic[D]):
    """Notes each day once, as long as this object lives. `day_of` returns what a write says of its day, or None."""

    def __init__(self, day_of: Callable[[Write], D | None], note: Callable[[Iterable[D]], None]) -> None:
        self._day_of, self._note = day_of, note
        self._noted: set[D] = set()

    def note(self, writes: Iterable[Write]) -> None:
        """Notes the days of the writes. Raises the driver's errors."""
        found = {day for write in writes if (day := self._day_of(write))} - self._noted
        if found:  # without it, each batch would wait for Cassandra to prepare a statement
            self._note(found)
            self._noted |= found


def untimed_days(session: Session, keyspace: str) -> NotedDays[UntimedDay]:
    """Returns what notes the days with a post whose id does not tell its event time (`stores/untimed.py`)."""
    return NotedDays(_untimed_day, partial(note_untimed, session, keyspace))


def wordless_days(session: Session, keyspace: str) -> NotedDays[tuple[str, date]]:
    """Returns what notes the days of posts that are stored without their words (`stores/wordless.py`)."""
    return NotedDays(_day, partial(note_wordless, session, keyspace))


def _untimed_day(write: Write) -> UntimedDay | None:
    topic, day, _, source, post_id = write.row.key
    if source not in TIMED or tells_time(source, post_id, write.row.event_at):
        return None
    return topic, day, source


def _day(write: Write) -> tuple[str, date]:
    return write.row.partition[:2]
