"""Families: wordings that are almost the same, found by NumPy and SciPy among wordings in memory.

Wordings that agree in a MinHash band (`wordings.py`) form a group. In each group the earliest wording is compared with
the others, by the Jaccard similarity of their sets of word pairs; those that are alike are linked with it, and the rest
is compared in the same way. A group of more than LARGEST_GROUP wordings is compared with its earliest alone. The links
make connected components. In each component the earliest wording leads a family, of all wordings that are alike to it;
the earliest of the rest leads the next, until none is left. So each wording of a family is alike to its earliest.

Wordings are numbered in the order of time: the lesser number is the earlier.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from jobs.measures.ballots import Bools
from jobs.measures.wordings import Hashes, Ints, Wordings, bands_of, sketches_of

ALIKE = (7, 10)
"""Two wordings are alike from this Jaccard similarity on, as a fraction, so that it is compared exactly: 0.7."""
LARGEST_GROUP = 10_000
"""A larger group is compared with its earliest wording alone, so that the time grows with the number of texts."""
LEAST_AGREEING = 28
"""Of 64 minima, two wordings must have as many in common to be compared at all. Of those with a similarity of 0.7, only
one in 500,000 has fewer, and few of those below 0.3 have as many; to look at minima is much quicker than to compare."""
TURNS, HEADS = 4, 64
"""After some turns, what is left in a group is mostly unlike. Then several lead in one turn, which takes less time."""
_AT_ONCE = 200_000
"""Pairs of wordings that are compared at once: some 100 MB."""


class PairSets:
    """The sets of word pairs of wordings, by number."""

    def __init__(self, found: Wordings) -> None:
        """Takes the wordings in the order of their numbers."""
        known, codes = np.unique(found.pairs, return_inverse=True)
        shape = (len(found.text), max(len(known), 1))
        sets = csr_matrix((np.ones(len(codes), np.int32), codes, found.starts), shape=shape)
        sets.sum_duplicates()
        sets.data[:] = 1
        self._count, self._sketches = len(found.text), sketches_of(found)
        self._sets, self._sizes = sets, np.diff(sets.indptr).astype(np.int64)

    def alike(self, one: Ints, other: Ints) -> Bools:
        """Returns for pairs of wordings, element by element, whether they are alike."""
        least, whole = ALIKE
        both = self._sizes[one] + self._sizes[other]
        smaller = np.minimum(self._sizes[one], self._sizes[other])
        found: Bools = (least + whole) * smaller >= least * both  # no more pairs are common than the smaller has
        open_ = np.flatnonzero(found & (one != other))
        for first in range(0, len(open_), _AT_ONCE):
            at = open_[first : first + _AT_ONCE]
            agreeing = np.count_nonzero(self._sketches[one[at]] == self._sketches[other[at]], axis=1)
            found[at] = agreeing >= LEAST_AGREEING
            near = at[agreeing >= LEAST_AGREEING]
            pairs, same = np.unique(one[near] * self._count + other[near], return_inverse=True)  # once for all bands
            common = self._common(*np.divmod(pairs, self._count))[same]
            found[near] = (least + whole) * common >= least * both[near]
        return found

    def _common(self, one: Ints, other: Ints) -> Ints:
        return np.asarray(self._sets[one].multiply(self._sets[other]).sum(axis=1), np.int64).ravel()


@dataclass(frozen=True)
class Led:
    """Which wording each wording is alike to, as found within groups: pairs of `member` and `leader`."""

    member: Ints
    leader: Ints


def led(group: Ints, member: Ints, once: Ints, sets: PairSets) -> Led:
    """Compares the earliest of each group with the others; then, without those that are alike to it, the rest.

    `group` and `member` have one element per membership, sorted by group, then by member. A group whose number is in
    `once` is compared with its earliest alone. A member that no other leads leads itself, but only if the group is not
    in `once`.
    """
    members, leaders = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    single, turn = np.isin(group, once), 0
    while len(group):
        heads = 1 if turn < TURNS else int(np.clip(_AT_ONCE // len(group), 1, HEADS))
        one, other, done = _claimed(group, member, heads, sets)
        members += [member[other]]
        leaders += [member[one]]
        rest = ~done & ~single
        group, member, single, turn = group[rest], member[rest], single[rest], turn + 1
    return Led(np.concatenate(members), np.concatenate(leaders))


def _claimed(group: Ints, member: Ints, heads: int, sets: PairSets) -> tuple[Ints, Ints, Bools]:
    """Lets the first `heads` of each group lead, in turn; returns the rows that lead, and those that each leads.

    A head leads itself and what is alike to it, unless an earlier head leads it. Also returns which rows are led.
    """
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    begin = np.repeat(first, np.diff(first, append=len(group)))
    rows = np.arange(len(group))
    before = np.minimum(rows - begin, heads)  # the heads before each row
    other = np.repeat(rows, before)
    one = np.repeat(begin, before) + np.arange(len(other)) - np.repeat(np.cumsum(before) - before, before)
    alike = sets.alike(member[one], member[other])
    one, other = one[alike], other[alike]
    if heads > 1:
        one, other = _in_turn(one, other, len(group))
    done = rows - begin < heads
    leads = np.setdiff1d(rows[done], other)
    done[other] = True
    return np.concatenate([leads, one]), np.concatenate([leads, other]), done


def _in_turn(one: Ints, other: Ints, rows: int) -> tuple[Ints, Ints]:
    """Returns the pairs of alike rows in which the first leads, and the other is led by none before."""
    order, led_by_one, kept = np.lexsort((other, one)), bytearray(rows), []
    for place, i, j in zip(order.tolist(), one[order].tolist(), other[order].tolist(), strict=True):
        if not led_by_one[i] and not led_by_one[j]:
            led_by_one[j] = 1
            kept.append(place)
    return one[kept], other[kept]


@dataclass(frozen=True)
class Groups:
    """The groups of wordings that agree in a band, without those of one wording: sorted by group, then by member.

    `once` are the groups that are too large to compare all of them.
    """

    group: Ints
    member: Ints
    once: Ints


def groups_of(value: Hashes, member: Ints, largest: int) -> Groups:
    """Returns the groups of members, given in their order, that have the same value.

    Those of more than `largest` members are compared `once`.
    """
    order = np.argsort(value, kind="stable")
    value, member = value[order], member[order]
    first = np.flatnonzero(np.concatenate([[True], value[1:] != value[:-1]])) if len(value) else order
    sizes = np.diff(first, append=len(value))
    group = np.repeat(np.arange(len(first)), sizes)
    shared = sizes[group] > 1
    return Groups(group[shared], member[shared], np.flatnonzero(sizes > largest))


def components(one: Ints, other: Ints, wordings: int) -> Ints:
    """Returns the number of each wording's component, from the links between wordings."""
    graph = coo_matrix((np.ones(len(one), np.bool_), (one, other)), shape=(wordings, wordings))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


@dataclass(frozen=True)
class Families:
    """By wording: the number of the wording that leads its family, and in how many of its bands it was in a group that
    was too large to compare all of it."""

    leader: Ints
    large_bands: Ints


def families(found: Wordings, largest: int = LARGEST_GROUP) -> Families:
    """Returns the families of distinct wordings, which must be in the order of time."""
    bands, count = bands_of(found), len(found.text)
    grouped = groups_of(bands.ravel(), np.repeat(np.arange(count), bands.shape[1]), largest)
    leader, large = np.arange(count), np.zeros(count, np.int64)
    near = np.unique(grouped.member)  # most wordings are like no other, and need no set
    sets = PairSets(found.only(near))
    links = led(grouped.group, np.searchsorted(near, grouped.member), grouped.once, sets)
    component = components(links.member, links.leader, len(near))
    order = np.argsort(component, kind="stable")
    own = led(component[order], order, np.zeros(0, np.int64), sets)
    leader[near[own.member]] = near[own.leader]
    in_large = grouped.member[np.isin(grouped.group, grouped.once)]
    np.add.at(large, in_large, 1)
    return Families(leader, large)
