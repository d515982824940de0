"""The Bluesky accounts of a topic whose handles are not known, and the storing of handles that were asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing

from cassandra.cluster import Session

from conf.tables import POSTS
from conf.topic import Topic
from ingest.formats.post import Name
from ingest.write.ledger import Key, Ledger
from ingest.write.names import AccountNames
from stores.execute import in_flight
from stores.prepare import prepared

SOURCE = "bluesky"
_REFERRED = ("author_id", "retweet_of_author", "reply_to_author", "quote_of_author")


class Unnamed:
    """The accounts of a topic. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str, topic: Topic) -> None:
        table = f"{keyspace}.{POSTS.name}"
        self._session, self._topic = session, topic
        self._names, self._ledger = AccountNames(session, keyspace), Ledger(session, keyspace)
        self._partitions = f"SELECT DISTINCT {', '.join(POSTS.partition)} FROM {table}"
        self._posts = prepared(
            session,
            f"SELECT {', '.join(_REFERRED)}, mentions FROM {table} "
            f"WHERE topic = ? AND day = ? AND bucket = ? AND source = '{SOURCE}'",
        )

    def accounts(self) -> list[str]:
        """Returns the ids of accounts that write or stand in the topic's posts and have no name, most seen first.

        Accounts that were taken back are left out. Reads all of the topic's posts from Bluesky.
        """
        seen: Counter[str] = Counter()
        found = self._session.execute(self._partitions)
        keys = (tuple(row) for row in found if row.topic == self._topic.topic)
        with closing(in_flight(keys, lambda key: self._session.execute_async(self._posts, key))) as sent:
            for _, future in sent:
                for *referred, mentions in future.result():
                    seen.update(account for account in {*referred, *(mentions or ())} if account)
        known = self._names.known(self._topic.topic)
        unnamed = [account for account, _ in seen.most_common() if (SOURCE, account) not in known]
        away = self._away(unnamed)
        return [account for account in unnamed if account not in away]

    def store(self, names: Sequence[Name]) -> int:
        """Stores names, except of accounts that were taken back meanwhile; returns how many."""
        away = self._away(name.author_id for name in names)
        kept = [name for name in names if name.author_id not in away]
        self._names.write(kept, self._topic)
        # Whoever takes an account back notes it first, and then removes its name. So one of the two sees the other.
        gone = self._away(name.author_id for name in kept)
        self._names.remove([(SOURCE, account) for account in gone])
        return len(kept) - len(gone)

    def _away(self, accounts: Iterable[str]) -> set[str]:
        entries = self._ledger.of([Key(SOURCE, "account", account) for account in accounts])
        return {key.id for key, found in entries.items() if any(entry.is_of_all for entry in found)}
