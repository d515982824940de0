"""Families: wordings that are almost the same, found by NumPy and SciPy among wordings in memory.

Wordings that agree in a MinHash band (`wordings.py`) form a group. In each group the earliest wording is compared with
the others, by the Jaccard similarity of their sets of word pairs; those that are alike are linked with it, and the rest
is compared in the same way. A group of more than LARGEST_GROUP wordings is compared with its earliest alone. The links
make connected components. In each component the earliest wording leads a family, of all wordings that are alike to it;
the earliest of the rest leads the next, until none is left. So each wording of a family is alike to its earliest.

Wordings are numbered in the order of time: the lesser number is the earlier.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from jobs.measures.ballots import Bools
from jobs.measures.pair_sets import PairSets
from jobs.measures.wordings import Hashes, Ints, Wordings, bands_of

LARGEST_GROUP = 10_000
"""A larger group is compared with its earliest wording alone, so that the time grows with the number of texts."""
TURNS = 4
"""After some turns, what is left in a group is mostly unlike. Then many lead in one turn, which takes less time."""
HEADS, SMALL = 256, 32
"""So many lead in one turn of a large group, in order. A group of up to SMALL members is compared as a whole."""
_PAIRS = 4_000_000
"""About so many pairs of rows that may be alike are in memory: 64 MB, and up to as many more of one group."""


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
    found, turn = [Led(member[:0], member[:0])], 0
    single = np.isin(group, once)
    while len(group):
        claimed, done = (_by_first if turn < TURNS else _by_many)(group, member, sets)
        found.append(claimed)
        rest = ~done & ~single
        group, member, single, turn = group[rest], member[rest], single[rest], turn + 1
    return Led(np.concatenate([one.member for one in found]), np.concatenate([one.leader for one in found]))


def _by_first(group: Ints, member: Ints, sets: PairSets) -> tuple[Led, Bools]:
    """Lets the first of each group lead itself and what is alike to it; also returns which rows are led."""
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    leader = np.repeat(member[first], np.diff(first, append=len(group)))
    alike = sets.alike(leader, member)
    return Led(member[alike], leader[alike]), alike


def _by_many(group: Ints, member: Ints, sets: PairSets) -> tuple[Led, Bools]:
    """Lets all of each small group, and the first HEADS of each large one, lead in turn.

    Each leads itself and what is alike to it among the later ones, unless an earlier one leads it. Also returns which
    rows lead or are led.
    """
    first = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    sizes = np.diff(first, append=len(group))
    found = [np.zeros((2, 0), np.int64)]
    for one, other in _near(first, sizes, member, sets):
        alike = sets.alike(member[one], member[other])
        found.append(_in_turn(one[alike], other[alike], len(group)))
    one, other = np.concatenate(found, axis=1)
    done = np.arange(len(group)) - np.repeat(first, sizes) < HEADS
    leads = np.setdiff1d(np.flatnonzero(done), other)
    done[other] = True
    return Led(member[np.concatenate([leads, other])], member[np.concatenate([leads, one])]), done


def _near(first: Ints, sizes: Ints, member: Ints, sets: PairSets) -> Iterator[Ints]:
    """Yields pairs of rows that may be alike, the one that may lead first: those of some whole groups at a time."""
    small = np.flatnonzero(sizes <= SMALL)
    for some in np.array_split(small, 1 + len(small) * SMALL**2 // _PAIRS):
        yield _within(first[some], sizes[some])
    pairs, count = [np.zeros((2, 0), np.int64)], 0
    for begin, size in zip(*(column[sizes > SMALL].tolist() for column in (first, sizes)), strict=True):
        one, other = sets.near(member[begin : begin + HEADS], member[begin : begin + size])
        later = other > one
        pairs.append(np.stack([one[later], other[later]]) + begin)
        count += pairs[-1].shape[1]
        if count > _PAIRS:
            yield np.concatenate(pairs, axis=1)
            pairs, count = pairs[:1], 0
    yield np.concatenate(pairs, axis=1)


def _within(first: Ints, sizes: Ints) -> Ints:
    """Returns all pairs of rows of groups, each with all later ones, from where the groups begin."""
    before = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # rows of the group before each
    begin = np.repeat(np.repeat(first, sizes), before)
    one = np.arange(len(begin)) - np.repeat(np.cumsum(before) - before, before)
    return np.stack([begin + one, begin + np.repeat(before, before)])


def _in_turn(one: Ints, other: Ints, rows: int) -> Ints:
    """Returns the pairs of alike rows in which the first leads, and the other is led by none before."""
    order, led_by_one, kept = np.lexsort((other, one)), bytearray(rows), []
    for place, i, j in zip(order.tolist(), one[order].tolist(), other[order].tolist(), strict=True):
        if not led_by_one[i] and not led_by_one[j]:
            led_by_one[j] = 1
            kept.append(place)
    return np.stack([one[kept], other[kept]])


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
