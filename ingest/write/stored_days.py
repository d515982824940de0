"""Notes, once, how the stored days of a topic are partitioned, in a keyspace of an earlier release.

That release had no `day_layout`: all days of a topic had its first buckets. Until this has noted these days, workers
use that number for new days too. So it can be stopped, and repeated.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from cassandra.cluster import Session

from conf.tables import HIDDEN_POSTS, POSTS, TOPIC_LAYOUT
from stores.layout import DayLayouts
from stores.prepare import prepared
from stores.refused import silence_told

TIMEOUT = 60.0
"""Seconds that a page of partitions' keys may take."""


def note_days(session: Session, keyspace: str) -> Iterator[str]:
    """Notes the days of topics whose days are not noted yet; yields a line for each topic.

    Raises StoreDown when Cassandra does not answer.
    """
    table = f"{keyspace}.{TOPIC_LAYOUT.name}"
    with silence_told("Run migrate again; it goes on from here"):
        rows = session.execute(f"SELECT topic, buckets, days_noted FROM {table}").all()
        left = [row for row in rows if not row.days_noted]
        if not left:
            return
        stored, layouts = _stored_days(session, keyspace), DayLayouts(session, keyspace)
        for row in left:
            layouts.record(row.topic, stored[row.topic], row.buckets)
            noted = prepared(session, f"UPDATE {table} SET days_noted = true WHERE topic = ? IF EXISTS")
            session.execute(noted, (row.topic,))
            yield f"noted {len(stored[row.topic]):,} days of {row.topic}, with {row.buckets:,} partitions each"


def _stored_days(session: Session, keyspace: str) -> dict[str, set[date]]:
    """Returns the days with posts, shown or hidden, by topic."""
    found: dict[str, set[date]] = defaultdict(set)
    for table in (POSTS, HIDDEN_POSTS):
        keys = f"SELECT DISTINCT {', '.join(POSTS.partition)} FROM {keyspace}.{table.name}"
        for key in session.execute(keys, timeout=TIMEOUT):
            found[key.topic].add(key.day.date())
    return found
