"""Rendered pages, kept until their figures change. While Cassandra is down, the page that was seen last is shown."""

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Generic, TypeVar

from conf.errors import StoreDown

MOST_BYTES = 8 * 1024 * 1024
LOCKS = 64
LEVEL = 6


@dataclass
class Seen:
    """A rendered page: what it shows, and the version of its figures.

    `at` is when these were last known to be the newest figures, UTC.
    """

    body: bytes
    version: str
    at: datetime

    @cached_property
    def etag(self) -> str:
        """Differs where the body does."""
        return f'"{sha256(self.body).hexdigest()[:20]}"'

    @cached_property
    def packed(self) -> bytes:
        """The body as gzip: packed once, not for each reader."""
        return gzip.compress(self.body, LEVEL, mtime=0)


Kept = TypeVar("Kept", bound=Seen)


class Bodies(Generic[Kept]):
    """What was rendered last, by address, bodies of `most` bytes together. May be used from several threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._seen: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, address: str) -> Kept | None:
        """Returns what was kept for an address; None if it was not, or others were asked for more lately."""
        with self._lock:
            if found := self._seen.get(address):
                self._seen.move_to_end(address)
            return found

    def keep(self, address: str, seen: Kept) -> None:
        """Keeps what was rendered for an address, unless it is too large."""
        if len(seen.body) > self._most // 4:
            return
        with self._lock:
            if old := self._seen.pop(address, None):
                self._bytes -= len(old.body)
            self._seen[address] = seen
            self._bytes += len(seen.body)
            while self._bytes > self._most:
                self._bytes -= len(self._seen.popitem(last=False)[1].body)


class Pages:
    """The pages that were rendered last. May be used from several threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._bodies, self._making = Bodies[Seen](most), [threading.Lock() for _ in range(LOCKS)]

    def get(self, address: str, version: Callable[[], str], make: Callable[[], bytes]) -> tuple[Seen, StoreDown | None]:
        """Returns the page of an address. It is made only if its figures have changed, and only once at a time.

        Where Cassandra does not answer, returns the page as it was seen last, with the error; raises StoreDown if it
        was never seen.
        """
        try:
            now = version()
            if found := self._still(address, now):
                return found, None
            with self._making[hash(address) % LOCKS]:
                if found := self._still(address, now):
                    return found, None
                made = Seen(make(), now, datetime.now(UTC))
                self._bodies.keep(address, made)
                return made, None
        except StoreDown as error:
            found = self._bodies.find(address)
            if not found:
                raise
            return found, error

    def _still(self, address: str, version: str) -> Seen | None:
        """Returns the page of an address if its figures are of this version, and notes the time."""
        found = self._bodies.find(address)
        if not found or found.version != version:
            return None
        found.at = datetime.now(UTC)
        return found
