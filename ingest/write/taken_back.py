"""Says of each post that is to be written whether it was taken back, by the ledger and the filter before it.

Another worker may note something between the question and the write. So after the write, the version of the filter is
looked at, and if it has changed, the question is asked again (`Worker._settle`). One of the two sees the other: whoever
takes something back first notes it, and then looks for stored posts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from ingest.formats.post import Post
from ingest.queue.shared_filter import Lost, SharedFilter
from ingest.write.ledger import Entry, Key, Ledger, keys_of

log = structlog.get_logger("worker")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds for a post: it is gone, it is hidden, or it is stored without some columns."""

    gone: bool = False
    hidden: bool = False
    without: tuple[str, ...] = ()


STORED = Verdict()


class TakenBack:
    """The ledger and its filter. Every method raises the driver's and Redis's errors while a store is down."""

    def __init__(self, ledger: Ledger, shared: SharedFilter) -> None:
        self.ledger = ledger
        self._filter = shared

    def verdicts(self, posts: Sequence[Post]) -> tuple[bytes | None, list[Verdict]]:
        """Returns the version for which they hold, and the verdict on each post."""
        if version := self._filter.nothing_noted():
            return version, [STORED] * len(posts)
        keys = [keys_of(post) for post in posts]
        version, found = self.entries([key for each in keys for key in each])
        if not found:
            return version, [STORED] * len(posts)
        return version, [_verdict(post, each, found) for post, each in zip(posts, keys, strict=True)]

    def has_changed(self, version: bytes | None) -> bool:
        """Returns whether anything was noted since `version` was returned."""
        return self._filter.version() != version

    def entries(self, keys: Sequence[Key]) -> tuple[bytes | None, Mapping[Key, list[Entry]]]:
        """Returns the version of the filter, and the entries of the keys; keys without one are left out."""
        try:
            version, positions = self._filter.perhaps(keys)
        except Lost:
            self._install()
            return self.entries(keys)
        return version, self.ledger.of([keys[position] for position in positions]) if positions else {}

    def note(self, entries: Sequence[tuple[Key, Entry, int]], known: bool = True) -> None:
        """Notes entries with their write times, in µs, first in the ledger and then in the filter."""
        self.ledger.note(entries, known)
        self._filter.note([key for key, *_ in entries])

    def withdraw(self, keys: Sequence[tuple[Key, int]]) -> None:
        """Notes that posts or accounts are no longer hidden, each with its write time in µs."""
        self.ledger.withdraw(keys)
        self._filter.note([key for key, _ in keys])

    def _install(self) -> None:
        log.info("reading what was taken back, since Redis does not have it")
        self._filter.install(self.ledger.keys())


def _verdict(post: Post, keys: Sequence[Key], found: Mapping[Key, list[Entry]]) -> Verdict:
    entries = [entry for key in keys for entry in found.get(key, ()) if entry.concerns(post)]
    if not entries:
        return STORED
    states = {entry.state for entry in entries}
    without = tuple(sorted({column for entry in entries for column in entry.columns}))
    return Verdict(not states.isdisjoint(("deleted", "replaced")), "hidden" in states, without)
