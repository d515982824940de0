"""Draws a random sample of posts, stratified by rule and day, in one pass over them and in bounded memory.

Each rule gets its part of the sample: half of the sample is spread evenly over the rules, so that each rule's precision
can be told, and the rest in proportion to the posts that are left. Within a rule, each day is represented in
proportion to its posts, rounded by systematic sampling of the days in random order (Hartley and Rao 1962). So each post
of a rule has the same chance to be drawn. Within a rule and day, the posts with the lowest priorities are drawn; a
post's priority is a hash of the seed and its id. So the same seed draws the same posts, in whatever order they are
stored.

How many posts of a day are needed depends on the posts of later days, but it can only become smaller. So at any time no
more are kept than would be needed if no post followed: for each rule at most the sample's size and two for each day.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from heapq import heappush, heappushpop
from math import ceil, floor
from typing import Generic, NamedTuple, TypeVar

from conf.errors import WrongUse

K = TypeVar("K")
D = TypeVar("D")
LEAST = 2
"""The fewest posts of a rule in a sample."""
_ONE = 1 << 64


class Drawn(NamedTuple, Generic[K]):
    """A post that was drawn, the rule that it stands for, and its place in the order of the sample."""

    rule: str
    key: K
    priority: int


class Draw(Generic[D, K]):
    """A sample of at most `most` posts. Give it all posts, day after day; then ask for what was drawn."""

    def __init__(self, seed: int, most: int) -> None:
        self._seed, self._most = seed, most
        self._kept: dict[str, dict[D, list[tuple[int, K]]]] = defaultdict(dict)
        self._counts: dict[str, Counter[D]] = defaultdict(Counter)
        self._size, self._next = 0, 0

    @property
    def totals(self) -> dict[str, int]:
        """The number of posts of each rule so far."""
        return {rule: counts.total() for rule, counts in self._counts.items()}

    @property
    def size(self) -> int:
        """The number of posts that are kept."""
        return self._size

    def add(self, rule: str, day: D, post_id: str, key: K) -> None:
        """Adds a post, for the first of its rules. `post_id` must be unique, `key` can be compared."""
        self._counts[rule][day] += 1
        heap = self._kept[rule].setdefault(day, [])
        entry = (-self._priority(post_id), key)  # the greatest priority comes first in the heap
        if len(heap) <= self._most:
            heappush(heap, entry)
            self._size += 1
        else:
            heappushpop(heap, entry)

    def end_day(self) -> None:
        """Forgets what can't be drawn any more, once that is much."""
        if self._size > self._next:
            self._prune()
            self._next = 2 * self._size + self._most

    def drawn(self) -> list[Drawn[K]]:
        """Returns the sample in random order. Raises WrongUse if it is too small for the number of rules."""
        sample = [drawn for rule, size in allotted(self.totals, self._most).items() for drawn in self._of(rule, size)]
        return sorted(sample, key=lambda drawn: drawn.priority)

    def _priority(self, text: str) -> int:
        return int.from_bytes(blake2b(f"{self._seed} {text}".encode(errors="replace"), digest_size=8).digest(), "big")

    def _prune(self) -> None:
        self._size = 0
        for rule, days in self._kept.items():
            counts = self._counts[rule]
            total = counts.total()
            for day in days:
                days[day] = sorted(days[day], reverse=True)[: ceil(self._most * counts[day] / total) + 1]
                days[day].reverse()  # a sorted list is a heap
                self._size += len(days[day])

    def _of(self, rule: str, size: int) -> Iterator[Drawn[K]]:
        counts, start = self._counts[rule], self._priority(f"start of {rule}") / _ONE
        total, passed, taken = counts.total(), 0, 0
        in_random_order = sorted(self._kept[rule].items(), key=lambda item: self._priority(f"{item[0]} of {rule}"))
        for day, entries in in_random_order:
            passed += counts[day]
            until = floor(size * passed / total + start) if passed < total else size
            chosen = sorted(entries, reverse=True)[: until - taken]
            yield from (Drawn(rule, key, -negative) for negative, key in chosen)
            taken = until


def allotted(totals: Mapping[str, int], size: int) -> dict[str, int]:
    """Returns how many posts of each rule a sample of `size` has; `totals` are the posts of each rule.

    Raises WrongUse if `size` is too small for LEAST of each rule.
    """
    least = sum(min(LEAST, total) for total in totals.values())
    if size < least:
        raise WrongUse(f"--n {size:,} is too few: {len(totals):,} rules have matched posts", f"Give at least {least:,}")
    evenly = max(LEAST, size // (2 * len(totals))) if totals else 0
    parts = {rule: min(total, evenly) for rule, total in totals.items()}
    while left := min(size - sum(parts.values()), sum(totals.values()) - sum(parts.values())):
        room = {rule: totals[rule] - part for rule, part in parts.items() if totals[rule] > part}
        whole = sum(room.values())
        for rule in sorted(room, key=lambda rule: (-room[rule], rule)):
            more = min(ceil(left * room[rule] / whole), size - sum(parts.values()), room[rule])
            parts[rule] += more
    return parts
