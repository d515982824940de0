"""Rendered pages, kept until their figures change. While Cassandra is down, the page that was seen last is shown."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from conf.errors import StoreDown

MOST_BYTES = 12 * 1024 * 1024
LOCKS = 64


@dataclass(frozen=True)
class Seen:
    """A rendered page: what it shows, the version of its figures, and `etag`, which differs where the body does.

    `at` is when these were last known to be the newest figures, UTC.
    """

    body: bytes
    version: str
    etag: str
    at: datetime


class Pages:
    """The pages that were rendered last, by address, MOST_BYTES together. May be used from several threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._pages: OrderedDict[str, Seen] = OrderedDict()
        self._lock, self._making = threading.Lock(), [threading.Lock() for _ in range(LOCKS)]

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
                body = make()
                made = Seen(body, now, f'"{sha256(body).hexdigest()[:20]}"', datetime.now(UTC))
                self._keep(address, made)
                return made, None
        except StoreDown as error:
            found = self._find(address)
            if not found:
                raise
            return found, error

    def _still(self, address: str, version: str) -> Seen | None:
        """Returns the page of an address if its figures are of this version, and notes the time."""
        found = self._find(address)
        if not found or found.version != version:
            return None
        found = replace(found, at=datetime.now(UTC))
        self._keep(address, found)
        return found

    def _find(self, address: str) -> Seen | None:
        with self._lock:
            if found := self._pages.get(address):
                self._pages.move_to_end(address)
            return found

    def _keep(self, address: str, page: Seen) -> None:
        if len(page.body) > self._most // 4:
            return
        with self._lock:
            if old := self._pages.pop(address, None):
                self._bytes -= len(old.body)
            self._pages[address] = page
            self._bytes += len(page.body)
            while self._bytes > self._most:
                self._bytes -= len(self._pages.popitem(last=False)[1].body)
