"""The handles in `account_names`: writes what the network says, and removes the names of who is taken back."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import closing

from cassandra.cluster import Session

from conf.instants import micros
from conf.partitions import bucket_of
from conf.schema import bound
from conf.tables import ACCOUNT_NAMES, NAME_BUCKETS, POSTS, TOPIC_LAYOUT
from conf.topic import Topic
from ingest.formats.post import Name
from stores.execute import in_flight
from stores.prepare import prepared

_SECONDS_A_DAY = 86_400


class AccountNames:
    """Reads and writes the table. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str) -> None:
        table = f"{keyspace}.{ACCOUNT_NAMES.name}"
        self._session = session
        self._insert = prepared(session, ACCOUNT_NAMES.insert(keyspace, timestamp=True, ttl=True))
        self._delete = prepared(session, ACCOUNT_NAMES.delete(keyspace, bound(ACCOUNT_NAMES.key)))
        self._one = prepared(
            session, f"SELECT WRITETIME(handle) AS written FROM {table} WHERE {bound(ACCOUNT_NAMES.key)}"
        )
        self._of_author = prepared(session, f"SELECT source FROM {keyspace}.{POSTS.name} WHERE author = ? LIMIT 1")
        self._topics = f"SELECT topic FROM {keyspace}.{TOPIC_LAYOUT.name}"
        self._all = prepared(
            session, f"SELECT source, author_id, handle FROM {table} WHERE {bound(ACCOUNT_NAMES.partition)}"
        )
        for statement in (self._insert, self._delete):
            statement.is_idempotent = True

    def is_wanted(self, name: Name, topic: Topic) -> bool:
        """Returns whether the account's name is stored already, or a post of the account is, in any topic."""
        if self._session.execute(self._one, _key(topic.topic, name.source, name.author_id)).one() is not None:
            return True
        return self._session.execute(self._of_author, (name.author_id,)).one() is not None

    def write(self, names: Iterable[Name], topic: Topic) -> None:
        """Stores names, for as long as the topic keeps posts. A name that was told later stays."""
        ttl = (topic.retention_days or 0) * _SECONDS_A_DAY

        rows = (
            (*_key(topic.topic, name.source, name.author_id), name.handle, name.at, micros(name.at), ttl)
            for name in names
        )
        with closing(in_flight(rows, lambda row: self._session.execute_async(self._insert, row))) as sent:
            for _, future in sent:
                future.result()

    def remove(self, accounts: Collection[tuple[str, str]]) -> None:
        """Removes the stored names of accounts (network, id) in every topic. Most accounts have none."""
        if not accounts:
            return
        topics = [row.topic for row in self._session.execute(self._topics)]
        keys = [_key(topic, *account) for topic in topics for account in accounts]
        with closing(in_flight(keys, lambda key: self._session.execute_async(self._one, key))) as asked:
            found = [(key, future.result().one()) for key, future in asked]
        for key, row in found:
            if row is not None:
                self._session.execute(self._delete, (row.written + 1, *key))

    def known(self, topic: str) -> Mapping[tuple[str, str], str]:
        """Returns the handles of a topic's accounts, by network and id."""
        found: dict[tuple[str, str], str] = {}
        keys = ((topic, bucket) for bucket in range(NAME_BUCKETS))
        with closing(in_flight(keys, lambda key: self._session.execute_async(self._all, key))) as sent:
            for _, future in sent:
                found |= {(row.source, row.author_id): row.handle for row in future.result()}
        return found


def _key(topic: str, source: str, author_id: str) -> tuple[str, int, str, str]:
    return topic, bucket_of(author_id, NAME_BUCKETS), source, author_id
