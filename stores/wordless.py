"""Says on which days posts were stored without their words, so that search reads these days whole.

With `PULSO_WORD_INDEX=off`, workers note a day before they store its first post. A note stays, also if words are stored
again from then on: posts of that day without words remain. Nobody has to know how workers elsewhere are set.
"""

from collections.abc import Iterable
from datetime import date

from cassandra.cluster import Session

from conf.tables import WORDLESS_DAYS
from stores.prepare import prepared


def note_wordless(session: Session, keyspace: str, days: Iterable[tuple[str, date]]) -> None:
    """Notes days of topics. Safe to repeat; raises the driver's errors."""
    insert = prepared(session, WORDLESS_DAYS.insert(keyspace))
    for day in days:
        session.execute(insert, day)


def wordless_days(session: Session, keyspace: str, topic: str) -> frozenset[date]:
    """Returns the days of a topic of which posts may lack their words. Raises PulsoError without the table."""
    query = f"SELECT day FROM {keyspace}.{WORDLESS_DAYS.name} WHERE topic = ?"
    return frozenset(row.day.date() for row in session.execute(prepared(session, query), (topic,)))
