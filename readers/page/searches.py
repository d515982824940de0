"""Searches that were rendered last. One is shown again only after a look at the tables that finds it unchanged.

A link to a search goes round, and many open it at once. A search takes long, and a look is short. But what has been
deleted must not be seen again, and what has come must be found: so nothing is shown because it is still young.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from conf.topic import Topic
from readers.page.seen import LOCKS, Bodies, Seen, pack
from readers.search.first_posts import Basis

MOST_BYTES = 3 * 1024 * 1024
LONGEST = 300.0
"""Seconds after which a search is done anew all the same: what others write past Pulso is counted nowhere."""


@dataclass
class Searched(Seen):
    """A rendered search in a topic, and what it rests on.

    `looked` is when the last look at the tables began that found it unchanged.
    """

    topic: Topic = field(kw_only=True)
    basis: Basis = field(kw_only=True)
    looked: float = field(kw_only=True)


class Searches:
    """The searches that were rendered last, by address. May be used from several threads."""

    def __init__(self, most: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._bodies, self._clock = Bodies[Searched](most), clock
        self._making = [threading.Lock() for _ in range(LOCKS)]

    def get(
        self,
        address: str,
        topic: Topic,
        make: Callable[[], tuple[bytes, Basis | None]],
        is_same: Callable[[Basis], bool],
    ) -> Seen:
        """Returns the search of an address, as it was at some time since it was asked for.

        `make` searches and renders; what has no basis is not kept. `is_same` looks whether a search would find the
        same. Both are called only once at a time, for all who wait meanwhile. Raises what they raise.
        """
        asked = self._clock()
        with self._making[hash(address) % LOCKS]:
            found = self._bodies.find(address)
            if found and found.topic is topic and (found.looked > asked or self._still(found, is_same)):
                return found
            now = self._clock()
            body, basis = make()
            if basis is None:
                return Seen(pack(body), "", datetime.now(UTC))
            made = Searched(pack(body), "", datetime.now(UTC), now, topic=topic, basis=basis, looked=now)
            self._bodies.keep(address, made)
            return made

    def _still(self, found: Searched, is_same: Callable[[Basis], bool]) -> bool:
        now = self._clock()
        if now - found.began >= LONGEST or not is_same(found.basis):
            return False
        found.looked = now
        return True
