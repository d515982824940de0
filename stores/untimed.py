"""Says for which days the posts of a network can be found by ranges of their ids.

The ids of X and Mastodon contain the time at which a post was made. So the posts of an hour are a range of ids within
each partition, if every id tells the truth. Nobody has to believe that: the writer of posts notes each day with a post
whose id tells another time, before it stores the post, and readers read such days whole.
"""

from collections.abc import Iterable
from datetime import date

from cassandra.cluster import Session

from conf.snowflakes import TIMED
from conf.tables import TOPIC_LAYOUT, UNTIMED_DAYS
from stores.prepare import prepared

UntimedDay = tuple[str, date, str]
"""A topic, a day and a network."""


def note_untimed(session: Session, keyspace: str, days: Iterable[UntimedDay]) -> None:
    """Notes days with a post whose id does not tell its event time. Safe to repeat; raises the driver's errors."""
    insert = prepared(session, UNTIMED_DAYS.insert(keyspace))
    for day in days:
        session.execute(insert, day)


def timed_networks(session: Session, keyspace: str, topic: str, first: date, last: date) -> frozenset[str]:
    """Returns the networks of which every stored post of the topic, from day to day, has an id that tells its time.

    Returns none for a topic whose first post was stored by an earlier release, which did not note such days.
    """
    layout = f"SELECT ids_noted FROM {keyspace}.{TOPIC_LAYOUT.name} WHERE topic = ?"
    kept = session.execute(prepared(session, layout), (topic,)).one()
    if kept is None or not kept.ids_noted:
        return frozenset()
    untimed = f"SELECT source FROM {keyspace}.{UNTIMED_DAYS.name} WHERE topic = ? AND day >= ? AND day <= ?"
    found = session.execute(prepared(session, untimed), (topic, first, last))
    return frozenset(TIMED) - {row.source for row in found}
