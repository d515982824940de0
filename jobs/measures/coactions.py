"""Actions on the same object at about the same time, counted by NumPy from actions in memory.

An action is an account's first use of an object: of a link, of a text, of a post that it retweets or answers. Each
object's actions stand in the order of time, so those within a time of an action are the next ones, and two pointers
find how many they are. No object's actions are joined with themselves: an action is paired with the NEXT in time alone.
Where more follow within the time, they are left out and counted. So the work grows with the number of actions, however
often one object is shared. `coaction_meetings.py` finds in them which accounts met more than once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jobs.measures.ballots import Bools, Floats, Ints

NEXT = 200
"""The most actions with which an action is paired: the next in time. Up to so many are exact."""
LEAST_ACTIONS, LEAST_ACCOUNTS = 3, 2
"""Accounts with fewer objects, and objects with fewer accounts, are left out."""
_AT_ONCE = 100_000
"""Pairs of actions that are made at once: so few that the processor's cache holds them."""
_PLACES, _LEAST_BITS, _MOST_BITS = 8, 16, 26
"""The size of a first, quick look whether a number is known: places for each known number, and their bounds."""


@dataclass(frozen=True)
class Actions:
    """Actions by object, then time, then account. `at_ms` is when, in ms since 1970; `posts` how often until the end.

    Objects and accounts are numbers from 0.
    """

    object: Ints
    account: Ints
    at_ms: Ints
    posts: Ints

    @property
    def accounts(self) -> int:
        """One more than the greatest number of an account."""
        return int(self.account.max(initial=-1)) + 1

    @property
    def objects(self) -> int:
        """One more than the greatest number of an object."""
        return int(self.object.max(initial=-1)) + 1

    def only(self, rows: "Bools | Ints") -> "Actions":
        """Returns some of the actions, in this order."""
        return Actions(self.object[rows], self.account[rows], self.at_ms[rows], self.posts[rows])


def first_actions(object_: Ints, account: Ints, at_ms: Ints) -> Actions:
    """Returns the first time of each account with each object, from all its times."""
    order = np.lexsort((at_ms, account, object_))
    object_, account, at_ms = object_[order], account[order], at_ms[order]
    first = np.flatnonzero((np.diff(object_, prepend=-1) != 0) | (np.diff(account, prepend=-1) != 0))
    posts = np.diff(first, append=len(order))
    return in_order(Actions(object_[first], account[first], at_ms[first], posts))


def in_order(actions: Actions) -> Actions:
    """Returns actions by object, then time, then account."""
    return actions.only(np.lexsort((actions.account, actions.at_ms, actions.object)))


def often(actions: Actions, least: int = LEAST_ACTIONS) -> Actions:
    """Returns the actions of accounts with at least `least` objects; then, those on objects of several accounts."""
    actions = actions.only(np.bincount(actions.account, minlength=1)[actions.account] >= least)
    return actions.only(np.bincount(actions.object, minlength=1)[actions.object] >= LEAST_ACCOUNTS)


def following(actions: Actions, window_ms: int) -> Ints:
    """Returns for each action how many others on its object follow within the time; those at its end count."""
    if not len(actions.at_ms):
        return np.zeros(0, np.int64)
    at_ms = actions.at_ms - actions.at_ms.min()
    place = actions.object * (int(at_ms.max()) + window_ms + 1) + at_ms
    ends: Ints = np.searchsorted(place, place + window_ms, side="right")
    return ends - np.arange(len(place)) - 1


def rush(actions: Actions, after: Ints) -> Floats:
    """Returns for each object the part of all pairs of its accounts that lie within the time, 0..1.

    `after` is as of `following`. Where all share an object within seconds it is near 1, and their pairs prove nothing.
    """
    accounts = np.bincount(actions.object, minlength=actions.objects)
    within = np.bincount(actions.object, weights=after, minlength=actions.objects)
    return within / np.maximum(accounts * (accounts - 1) / 2, 1)


def paired_rows(after: Ints, wanted: Bools, taken: int = NEXT) -> Iterator[tuple[Ints, Ints]]:
    """Yields the rows of pairs of actions, the earlier first: each action with as many as follow it, at most `taken`.

    Pairs with an action that is not `wanted` are left out.
    """
    rows = np.flatnonzero(wanted & (after > 0))
    for first in range(0, len(rows), _AT_ONCE):
        one = rows[first : first + _AT_ONCE]
        left = after[one]
        for offset in range(1, taken + 1):
            going_on = left >= offset
            if not going_on.all():
                one, left = one[going_on], left[going_on]
            if not len(one):
                break
            other = one + offset
            kept = wanted[other]
            yield (one, other) if kept.all() else (one[kept], other[kept])


def keys_of(actions: Actions, one: Ints, other: Ints) -> Ints:
    """Returns a number for the pair of accounts of each two rows, whichever comes first."""
    src, dst = actions.account[one], actions.account[other]
    return np.minimum(src, dst) * actions.accounts + np.maximum(src, dst)


def known_of(actions: Actions, keys: Ints) -> Bools:
    """Returns which actions are of the accounts of some pairs, as `keys_of` numbers them."""
    known = np.zeros(actions.accounts, np.bool_)
    for accounts in np.divmod(keys, max(actions.accounts, 1)):
        known[accounts] = True
    return known[actions.account]


def different(numbers: Ints) -> int:
    """Returns how many different numbers, from 0, there are."""
    return int(np.count_nonzero(np.bincount(numbers)))


class Known:
    """Sorted numbers, at least one, none below 0, among which others are looked for."""

    def __init__(self, numbers: Ints) -> None:
        bits = (_PLACES * len(numbers)).bit_length()
        self._size = 1 << min(max(bits, _LEAST_BITS), _MOST_BITS)
        self._numbers, self._may = numbers, np.zeros(self._size, np.bool_)
        self._may[numbers & (self._size - 1)] = True

    def among(self, wanted: Ints) -> tuple[Ints, Ints]:
        """Returns the rows of the wanted numbers that are known, and the place of each among the known ones."""
        rows = np.flatnonzero(self._may[wanted & (self._size - 1)])
        place = np.minimum(np.searchsorted(self._numbers, wanted[rows]), len(self._numbers) - 1)
        found = self._numbers[place] == wanted[rows]
        return rows[found], place[found]

    def rows(self, wanted: Ints) -> Ints:
        """Returns the rows of the wanted numbers that are known."""
        if int(self._numbers[-1]) >= self._size:
            return self.among(wanted)[0]
        return np.flatnonzero(self._may[wanted & (self._size - 1)] & (wanted < self._size))
