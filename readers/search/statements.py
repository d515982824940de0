"""The prepared queries of searches, and the columns of a found post."""

from copy import copy
from datetime import date

from cassandra.cluster import Session
from cassandra.query import PreparedStatement

from conf.schema import Table
from conf.tables import MATCHED, POST_WORDS, POSTS
from stores.layout import DayLayouts
from stores.moved import check_moved
from stores.prepare import prepared
from stores.wordless import wordless_days

COLUMNS = tuple(name for name in POSTS.columns if name not in ("topic", "day", "bucket", *MATCHED.values()))
"""The columns of a found post, as `posts` declares them."""
MOST = 200
"""The most statements that are kept: each number of words has its own."""


class Statements:
    """Queries on `posts` and `post_words`, each prepared only once; `days` has the partitions of days."""

    def __init__(self, session: Session, keyspace: str) -> None:
        self.session, self.keyspace = session, keyspace
        self.days = DayLayouts(session, keyspace)
        self._prepared: dict[tuple[str, int], PreparedStatement] = {}

    def check(self) -> None:
        """Raises PulsoError, with the fix, where the tables do not exist or do not have the words of all posts yet."""
        self.select(", ".join(COLUMNS), "LIMIT 1")
        self.select("words", "LIMIT 1", table=POST_WORDS)
        check_moved(self.session, self.keyspace, POST_WORDS)

    def wordless(self, topic: str) -> frozenset[date]:
        """Returns the days of a topic on which search can't rely on words."""
        return wordless_days(self.session, self.keyspace, topic)

    def select(self, what: str, rest: str, fetch_size: int = 5000, table: Table = POSTS) -> PreparedStatement:
        """Returns the prepared `SELECT what FROM table rest`. Raises PulsoError where the tables do not exist."""
        cql = f"SELECT {what} FROM {self.keyspace}.{table.name} {rest}"
        statement = self._prepared.get((cql, fetch_size))
        if statement is None:
            if len(self._prepared) >= MOST:
                self._prepared.clear()
            statement = copy(prepared(self.session, cql))  # others may have it, with another size
            statement.fetch_size = fetch_size
            self._prepared[cql, fetch_size] = statement
        return statement
