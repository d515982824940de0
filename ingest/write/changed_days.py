"""Notes the days whose stored posts were changed, after each change (`stores/changed_days.py`)."""

from collections.abc import Iterable

from cassandra.cluster import Session

from stores.changed_days import EVERY, Day, note_changed
from stores.execute import IN_FLIGHT


class ChangedDays:
    """The days that were changed, or may have been, and are not noted yet.

    A change is owed before it is sent, since one that fails may be applied all the same, and noted when it is done.
    """

    def __init__(self, session: Session, keyspace: str, most_in_flight: int = IN_FLIGHT) -> None:
        self._session, self._keyspace, self._in_flight = session, keyspace, most_in_flight
        self._owed: set[Day] = set()

    def owe(self, days: Iterable[Day]) -> None:
        """Says that posts of these days are being changed."""
        self._owed.update(days)

    def owe_every(self) -> None:
        """Says that posts of any day of any topic may have been changed."""
        self._owed.add(EVERY)

    def settle(self) -> None:
        """Notes the days that are owed. Raises the driver's errors; they are owed still then."""
        note_changed(self._session, self._keyspace, self._owed, self._in_flight)
        self._owed.clear()
