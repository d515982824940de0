"""Rendered pages, kept until their figures change. While Cassandra is down, the page that was seen last is shown."""

import gzip
import threading
import time
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


def pack(body: bytes) -> bytes:
    """Returns a body as gzip; the same for the same body."""
    return gzip.compress(body, LEVEL, mtime=0)


@dataclass
class Seen:
    """A rendered page, as gzip: nearly all readers take that, and it is a tenth of the size.

    `version` is that of its figures, and `at` is when these were last known to be the newest, UTC.
    """

    packed: bytes
    version: str
    at: datetime
    began: float = 0.0
    """When its making began, by the monotonic clock."""

    @property
    def body(self) -> bytes:
        """What it shows, for readers that do not unpack."""
        return gzip.decompress(self.packed)

    @cached_property
    def etag(self) -> str:
        """Differs where the body does."""
        return f'"{sha256(self.packed).hexdigest()[:20]}"'


Kept = TypeVar("Kept", bound=Seen)


class Bodies(Generic[Kept]):
    """What was rendered last, by address, packed bodies of `most` bytes together. May be used from several threads."""

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
        if len(seen.packed) > self._most // 4:
            return
        with self._lock:
            if old := self._seen.pop(address, None):
                self._bytes -= len(old.packed)
            self._seen[address] = seen
            self._bytes += len(seen.packed)
            while self._bytes > self._most:
                self._bytes -= len(self._seen.popitem(last=False)[1].packed)


class Pages:
    """The pages that were rendered last. May be used from several threads."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._bodies, self._making = Bodies[Seen](most), [threading.Lock() for _ in range(LOCKS)]

    def get(self, address: str, version: Callable[[], str], make: Callable[[], bytes]) -> tuple[Seen, StoreDown | None]:
        """Returns the page of an address. It is made only if its figures have changed, and only once at a time.

        All who wait while it is made take it if its making began after they asked: they need none that is newer.
        Where Cassandra does not answer, returns the page as it was seen last, with the error; raises StoreDown if it
        was never seen.
        """
        asked = time.monotonic()
        try:
            now = version()
            if found := self._still(address, now):
                return found, None
            with self._making[hash(address) % LOCKS]:
                found = self._still(address, now) or self._bodies.find(address)
                if found and (found.version == now or found.began > asked):
                    return found, None
                began = time.monotonic()
                made = Seen(pack(make()), now, datetime.now(UTC), began)
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
