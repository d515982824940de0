"""Meetings: which accounts used several of the same objects at about the same time, and each time that they did.

All pairs of actions that `coactions.paired_rows` makes are looked at once, for the pairs of accounts that occur among
them more than once; then once more, for the meetings of these alone, which are kept. Shorter times, occasions and
groups are computed from what is kept.

Very many accounts that share the same objects in the same order could fill the memory. Then an action is paired with
fewer than NEXT: so few that at most MOST_ROWS pairs of actions are looked at, and at most MOST_MET meetings are kept. A
sample of the pairs of accounts tells beforehand how few; if it was wrong, fewer are taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jobs.measures.ballots import Bools, Floats, Ints
from jobs.measures.coactions import NEXT, Actions, Known, keys_of, known_of, paired_rows

NONE = -1
MOST_ROWS, MOST_MET = 100_000_000, 10_000_000
_SORTED_AT_ONCE = 20_000_000
"""Pairs of actions that are sorted at once: some 300 MB. Where there are more, they are sorted in several turns."""
_AT_ONCE = 200_000
"""Meetings that are looked at together."""
_SAMPLES, _SLACK = 64, 1.1
"""One in so many pairs of accounts is in the sample; what it tells may be wrong by so much."""
_MIX, _MIXED = -7046029254386353131, 48
"""What mixes the bits of a number (2^64 divided by the golden ratio), and the place of the best ones."""


@dataclass(frozen=True)
class Together:
    """Pairs of accounts that had at least some number of objects in common within a time, the lesser account first.

    `weight` is the number of these objects. `meetings` has, in no order, the number of the pair and the rows of both
    actions of each; see `parts`. `taken` is the most actions with which an action was paired.
    """

    src: Ints
    dst: Ints
    weight: Ints
    meetings: npt.NDArray[np.int32]
    taken: int = NEXT

    def parts(self) -> Iterator[tuple[Ints, Ints, Ints]]:
        """Yields the meetings, some at a time: the numbers of the pairs, and the rows of both actions of each."""
        for first in range(0, self.meetings.shape[1], _AT_ONCE):
            pair, one, other = self.meetings[:, first : first + _AT_ONCE].astype(np.int64)
            yield pair, one, other


class Met(NamedTuple):
    """How pairs met: `strength` is the sum of 1 / (n - 1) over the objects, n being the accounts that used one within
    the time after the earlier of both; `delta_ms` is the sum of the times between both.
    """

    strength: Floats
    delta_ms: Floats


def together(actions: Actions, after: Ints, least: int = 2) -> Together:
    """Returns the pairs of accounts with at least `least` objects in common within the time, sorted.

    `after` is as of `following`.
    """
    wanted = met_often(actions, after, least)
    taken = _most_taken(actions, after, wanted, least)
    keys = _repeated(actions, after, wanted, taken, least)
    while keys is None:
        taken //= 2
        keys = _repeated(actions, after, wanted, taken, least)
    src, dst = np.divmod(keys, max(actions.accounts, 1))
    meetings = _meetings(actions, after, keys, taken)
    pairs = Together(src, dst, np.zeros(len(keys), np.int64), meetings, taken)
    for pair, _, _ in pairs.parts():
        np.add.at(pairs.weight, pair, 1)
    return pairs


def how_met(actions: Actions, after: Ints, pairs: Together, some: Ints) -> Met:
    """Returns how some of the pairs met."""
    number, sums = numbered(some, len(pairs.src)), np.zeros((2, len(some)))
    for pair, one, other in pairs.parts():
        known = np.flatnonzero(number[pair] != NONE)
        of, first, second = number[pair[known]], one[known], other[known]
        np.add.at(sums[0], of, 1.0 / after[first])
        np.add.at(sums[1], of, (actions.at_ms[second] - actions.at_ms[first]).astype(np.float64))
    return Met(*sums)


def nearer(actions: Actions, pairs: Together, window_ms: int) -> Ints:
    """Returns, by pair, how many objects both used within a shorter time."""
    weight = np.zeros_like(pairs.weight)
    for pair, one, other in pairs.parts():
        np.add.at(weight, pair[actions.at_ms[other] - actions.at_ms[one] <= window_ms], 1)
    return weight


def numbered(some: Ints, count: int) -> Ints:
    """Returns the place of each of `count` numbers among some of them, NONE for the others."""
    number = np.full(count, NONE)
    number[some] = np.arange(len(some))
    return number


def met_often(actions: Actions, after: Ints, least: int) -> Bools:
    """Returns which actions are of accounts that met others on at least `least` objects: in a rush, few of them are."""
    met = after > 0
    met[1:] |= met[:-1]  # the last of those within the time has none after it
    return np.bincount(actions.account[met], minlength=actions.accounts)[actions.account] >= least


def _rows(after: Ints, wanted: Bools, taken: int) -> int:
    return int(np.minimum(after, taken)[wanted].sum())


def _most_taken(actions: Actions, after: Ints, wanted: Bools, least: int) -> int:
    """Returns with how many actions each can be paired: NEXT, or fewer where there would be too many."""
    taken = NEXT
    while taken > 1 and _rows(after, wanted, taken) > MOST_ROWS:
        taken //= 2
    if _rows(after, wanted, taken) <= MOST_MET:
        return taken
    keys, apart = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for one, other in _drawn(actions, after, wanted, taken, _SAMPLES):
        keys.append(keys_of(actions, one, other))
        apart.append(other - one)
    known, places = np.concatenate(keys), np.concatenate(apart)
    while taken > 1:
        counts = np.unique(known[places <= taken], return_counts=True)[1]
        if int(counts[counts >= least].sum()) * _SAMPLES <= MOST_MET * _SLACK:
            break
        taken //= 2
    return taken


def _drawn(
    actions: Actions, after: Ints, wanted: Bools, taken: int, parts: int, part: int = 0
) -> Iterator[tuple[Ints, Ints]]:
    """Yields what `paired_rows` does, but one part of it alone. All meetings of a pair of accounts are in one part."""
    drawn = (actions.account * _MIX >> _MIXED) % parts
    fitting = ((part - drawn) % parts).astype(np.uint8)
    drawn = drawn.astype(np.uint8)
    for one, other in paired_rows(after, wanted, taken):
        some = np.flatnonzero(drawn[one] == fitting[other])  # their sum is the part, whichever comes first
        yield one[some], other[some]


def _repeated(actions: Actions, after: Ints, wanted: Bools, taken: int, least: int) -> Ints | None:
    """Returns the numbers of pairs that occur at least `least` times, sorted, as `keys_of` numbers them.

    Returns None if there are more than MOST_MET of these, and fewer can be taken.
    """
    turns = max(1, -(-_rows(after, wanted, taken) // _SORTED_AT_ONCE))
    found, met = [np.zeros(0, np.int64)], 0
    for turn in range(turns):
        parts = [np.zeros(0, np.int64)]
        for one, other in _drawn(actions, after, wanted, taken, turns, turn):
            parts.append(keys_of(actions, one, other))
        again = _again(np.concatenate(parts), least)
        is_first = np.ones(len(again), np.bool_)
        is_first[1:] = again[1:] != again[:-1]
        found.append(again[is_first])
        met += len(again) + (least - 1) * len(found[-1])
        if met > MOST_MET and taken > 1:
            return None
    return np.sort(np.concatenate(found))


def _again(keys: Ints, least: int) -> Ints:
    """Returns those of some numbers that have been there `least - 1` times before, sorted."""
    keys.sort()
    later: Ints = keys[least - 1 :]
    again: Ints = later[later == keys[: len(later)]]
    return again


def _meetings(actions: Actions, after: Ints, keys: Ints, taken: int) -> npt.NDArray[np.int32]:
    """Returns the meetings of pairs of accounts: the number of the pair, and both rows."""
    parts = [np.zeros((3, 0), np.int32)]
    if len(keys):
        known = Known(keys)
        for one, other in paired_rows(after, known_of(actions, keys), taken):
            rows, place = known.among(keys_of(actions, one, other))
            parts.append(np.stack([place, one[rows], other[rows]]).astype(np.int32))
    return np.concatenate(parts, axis=1)
