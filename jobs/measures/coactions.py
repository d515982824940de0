"""Actions on the same object at about the same time, counted by NumPy from actions in memory.

An action is an account's first use of an object: of a link, of a text, of a post that it retweets or answers. Each
object's actions stand in the order of time, so those within a time of an action are the next ones, and two pointers
find how many they are. No object's actions are joined with themselves: an action is paired with the NEXT in time alone.
Where more follow within the time, they are left out and counted. So the work grows with the number of actions, however
often one object is shared. Very many accounts that share the same objects in the same order could still fill the
memory. Then fewer than NEXT are taken: so many that at most MOST_ROWS pairs of actions are looked at, and at most
MOST_MET of these are of pairs of accounts that met more than once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jobs.measures.ballots import Bools, Floats, Ints

NEXT = 200
"""The most actions with which an action is paired: the next in time. Up to so many are exact."""
LEAST_ACTIONS, LEAST_ACCOUNTS = 3, 2
"""Accounts with fewer objects, and objects with fewer accounts, are left out."""
MOST_ROWS, MOST_MET = 100_000_000, 10_000_000
_AT_ONCE = 2_000_000
"""Pairs of actions that are made at once: some 100 MB."""
_SORTED_AT_ONCE = 20_000_000
"""Pairs of actions that are sorted at once: some 500 MB. Where there are more, they are sorted in several turns."""
_HASHES = 1 << 22
"""The size of a first, quick look whether a number is known."""


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


@dataclass(frozen=True)
class Together:
    """Pairs of accounts that had at least `least` objects in common within the time, the lesser number first.

    `weight` is the number of these objects. `strength` is the sum over them of 1 / (n - 1), n being the accounts that
    used the object within the time after the earlier of both. `delta_ms` is the sum of the times between both. `taken`
    is the most actions with which an action was paired.
    """

    src: Ints
    dst: Ints
    weight: Ints
    strength: Floats
    delta_ms: Floats
    taken: int = NEXT


def paired_rows(after: Ints, wanted: Bools, taken: int = NEXT) -> Iterator[tuple[Ints, Ints]]:
    """Yields the rows of pairs of actions, the earlier first: each action with as many as follow it, at most `taken`.

    Pairs with an action that is not `wanted` are left out.
    """
    some = np.where(wanted, np.minimum(after, taken), 0)
    total = np.cumsum(some)
    if not len(total):
        return
    cuts = np.searchsorted(total, np.arange(_AT_ONCE, int(total[-1]) + _AT_ONCE, _AT_ONCE), side="left")
    first = 0
    for last in np.minimum(cuts + 1, len(some)).tolist():
        part = some[first:last]
        one = np.repeat(np.arange(first, last), part)
        place = np.arange(len(one)) - np.repeat(np.cumsum(part) - part, part)
        other = one + 1 + place
        kept = wanted[other]
        yield one[kept], other[kept]
        first = last


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


def together(actions: Actions, after: Ints, least: int = 2) -> Together:
    """Returns the pairs of accounts with at least `least` objects in common within the time, sorted.

    `after` is as of `following`.
    """
    keys, taken = _often_paired(actions, after, least)
    weight, strength, delta = np.zeros(len(keys), np.int64), np.zeros(len(keys)), np.zeros(len(keys))
    if len(keys):
        known = Known(keys)
        for one, other in paired_rows(after, known_of(actions, keys), taken):
            found, place = known.among(keys_of(actions, one, other))
            first, second = one[found], other[found]
            np.add.at(weight, place, 1)
            np.add.at(strength, place, 1.0 / after[first])
            np.add.at(delta, place, (actions.at_ms[second] - actions.at_ms[first]).astype(np.float64))
    src, dst = np.divmod(keys, max(actions.accounts, 1))
    return Together(src, dst, weight, strength, delta, taken)


def met_often(actions: Actions, after: Ints, least: int) -> Bools:
    """Returns which actions are of accounts that met others on at least `least` objects: in a rush, few of them are."""
    met = after > 0
    met[1:] |= met[:-1]  # the last of those within the time has none after it
    return np.bincount(actions.account[met], minlength=actions.accounts)[actions.account] >= least


class Known:
    """Sorted numbers, at least one, among which others are looked for; most of these are none of them."""

    def __init__(self, numbers: Ints) -> None:
        self._numbers, self._may = numbers, np.zeros(_HASHES, np.bool_)
        self._may[numbers & (_HASHES - 1)] = True

    def among(self, wanted: Ints) -> tuple[Ints, Ints]:
        """Returns the rows of the wanted numbers that are known, and the place of each among the known ones."""
        rows = np.flatnonzero(self._may[wanted & (_HASHES - 1)])
        place = np.minimum(np.searchsorted(self._numbers, wanted[rows]), len(self._numbers) - 1)
        found = self._numbers[place] == wanted[rows]
        return rows[found], place[found]


def _often_paired(actions: Actions, after: Ints, least: int) -> tuple[Ints, int]:
    """Returns the pairs of accounts, as `keys_of` numbers them, that occur at least `least` times, sorted.

    Also returns with how many actions each was paired for this: NEXT, or fewer where there would be too many.
    """
    wanted, taken = met_often(actions, after, least), NEXT
    while True:
        rows = int(np.minimum(after, taken)[wanted].sum())
        if rows <= MOST_ROWS or taken == 1:
            keys, met = _repeated(actions, after, wanted, taken, least, turns=max(1, -(-rows // _SORTED_AT_ONCE)))
            if met <= MOST_MET or taken == 1:
                return keys, taken
        taken //= 2


def _repeated(actions: Actions, after: Ints, wanted: Bools, taken: int, least: int, turns: int) -> tuple[Ints, int]:
    """Returns the numbers of pairs that occur at least `least` times, and how often all of these do.

    Stops where these are more than MOST_MET.
    """
    found, met = [np.zeros(0, np.int64)], 0
    for turn in range(turns):
        parts = [np.zeros(0, np.int64)]
        for one, other in paired_rows(after, wanted, taken):
            keys = keys_of(actions, one, other)
            parts.append(keys if turns == 1 else keys[keys % turns == turn])
        keys = np.concatenate(parts)
        keys.sort()
        again = keys[least - 1 :][keys[least - 1 :] == keys[: len(keys) - least + 1]]
        found.append(again[np.flatnonzero(np.diff(again, prepend=-1))])
        met += len(again) + (least - 1) * len(found[-1])
        if met > MOST_MET and taken > 1:
            break
    return np.sort(np.concatenate(found)), met
