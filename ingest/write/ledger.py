"""The ledger of what was taken back, in the table `taken_back`: posts and accounts, whether they were stored or not."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from cassandra.cluster import Session

from conf.instants import instant
from conf.schema import bound
from conf.settings import DEFAULTS
from conf.tables import TAKEN_BACK
from ingest.formats.post import Post
from ingest.write.post_statements import new_batch
from stores.encoded import NULL, EncodedBatch, encoded_value, head_of, written_at
from stores.encoding import ENCODERS
from stores.execute import in_flight
from stores.prepare import prepared

UNKNOWN_DAYS = 90
"""Days for which it is kept in mind what was taken back by a network that tells of all its posts, and is not stored."""
NOTED_TOGETHER = 10
"""Entries in one request. Each is in a partition of its own; Cassandra warns in its log of batches of more."""
NOTED_AT_ONCE = 25
"""Requests in flight. Cassandra syncs all writes of some milliseconds together, so more at once take no longer."""
_SECONDS_A_DAY = 86_400
_ENCODERS = [ENCODERS[column.cql] for column in TAKEN_BACK.columns.values()]


class Key(NamedTuple):
    """A post or an account of a network. An account's id is the network's id or the handle."""

    source: str
    kind: Literal["post", "account"]
    id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What has become of a post or an account: the columns of TAKEN_BACK beside the key."""

    state: Literal["deleted", "hidden", "replaced", "stripped"]
    at: datetime | None = None
    author: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def is_of_all(self) -> bool:
        """Whether all of it is taken back, and not only parts, such as the place of a post."""
        return self.state != "stripped"

    def concerns(self, post: Post) -> bool:
        """Returns whether the entry is about this post of its key."""
        if self.author is not None and self.author != post.author_id:
            return False
        return self.at is None or post.event_at <= self.at


class Ledger:
    """Reads and writes the table. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, keyspace: str, days: int = DEFAULTS.taken_back_days) -> None:
        key = bound(TAKEN_BACK.partition)
        table = f"{keyspace}.{TAKEN_BACK.name}"
        self._session = session
        self._days = days
        # The driver forgets a statement that nobody holds, and a node that does not know it yet could not be told it.
        self._insert = prepared(session, TAKEN_BACK.insert(keyspace, timestamp=True, ttl=True))
        self._head = head_of(self._insert)
        self._withdraw = prepared(session, TAKEN_BACK.delete(keyspace, f"{key} AND state = 'hidden'"))
        self._of = prepared(session, f"SELECT state, at, author, columns FROM {table} WHERE {key}")
        self._all = f"SELECT DISTINCT {', '.join(TAKEN_BACK.partition)} FROM {table}"
        for statement in (self._withdraw, self._of):
            statement.is_idempotent = True

    def note(self, entries: Iterable[tuple[Key, Entry, int]], known: bool = True) -> None:
        """Notes entries with their write times, in µs. Those of unknown posts are forgotten after UNKNOWN_DAYS."""
        ttl = (self._days if known else min(UNKNOWN_DAYS, self._days)) * _SECONDS_A_DAY
        sent = in_flight(self._batches(entries, ttl), self._session.execute_async, NOTED_AT_ONCE)
        with closing(sent):
            for _, future in sent:
                future.result()

    def _batches(self, entries: Iterable[tuple[Key, Entry, int]], ttl: int) -> Iterator[EncodedBatch]:
        """Yields the inserts of entries: for hundreds of thousands, a request for each takes most of the time."""
        batch = new_batch()
        for key, entry, time in entries:
            row = (*key, entry.state, entry.at, entry.author, instant(time), entry.columns or None)
            batch.add_encoded(self._head + b"".join(map(_encoded, row, _ENCODERS)) + written_at(time, ttl))
            if len(batch) == NOTED_TOGETHER:
                yield batch
                batch = new_batch()
        if len(batch):
            yield batch

    def withdraw(self, keys: Iterable[tuple[Key, int]]) -> None:
        """Notes that posts or accounts are no longer hidden, each with its write time in µs."""
        sent = in_flight(keys, lambda one: self._session.execute_async(self._withdraw, (one[1], *one[0])))
        with closing(sent):
            for _, future in sent:
                future.result()

    def of(self, keys: Sequence[Key]) -> Mapping[Key, list[Entry]]:
        """Returns the entries of these keys; keys without one are left out."""
        found: dict[Key, list[Entry]] = defaultdict(list)
        with closing(in_flight(keys, lambda key: self._session.execute_async(self._of, key))) as asked:
            for key, future in asked:
                for row in future.result():
                    at = row.at.replace(tzinfo=UTC) if row.at else None
                    found[key].append(Entry(row.state, at, row.author, tuple(row.columns or ())))
        return found

    def keys(self) -> Iterator[Key]:
        """Yields every key of the table."""
        for row in self._session.execute(self._all):
            yield Key(*row)


def keys_of(post: Post) -> list[Key]:
    """Returns the keys under which a post may have been taken back: its own, and its author's id and handle."""
    names = dict.fromkeys(name for name in (post.author_id, post.author) if name)
    return [Key(post.source, "post", post.post_id), *(Key(post.source, "account", name) for name in names)]


def _encoded(value: Any, encode: Callable[[Any], bytes]) -> bytes:
    """Returns a value as a request has it. None is written: the entry before may have had one."""
    return NULL if value is None else encoded_value(encode(value))
