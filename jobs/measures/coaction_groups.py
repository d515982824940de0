"""Groups of accounts that act together more than chance: components of their significant pairs, and their degrees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.measures.ballots import Ints
from jobs.measures.coaction_occasions import Sure, sure_pairs
from jobs.measures.coaction_odds import Tested, significant_within, tested_pairs
from jobs.measures.coactions import Actions, different, following
from jobs.measures.families import components

LEAST_MEMBERS = 3
DEGREES = (10, 60, 600, 3600)
"""Seconds: the times in which a group is looked for again, if they are shorter than the topic's."""
NO_GROUP = -1


@dataclass(frozen=True)
class Groups:
    """What was found among some actions.

    `tested` are the pairs; `sure` the significant ones, and `shortest` the seconds in which each was still significant.
    `group` has the number of each account's group, or NO_GROUP. `degree` has the seconds of each group. `objects_cut`
    and `actions_cut` count what has more actions within the time than were paired.
    """

    tested: Tested
    sure: Sure
    shortest: Ints
    group: Ints
    degree: Ints
    objects_cut: int
    actions_cut: int

    @property
    def pair(self) -> Ints:
        """The numbers of the significant pairs."""
        return self.sure.pair


@dataclass(frozen=True)
class Uses:
    """Each action by which a member used an object together with another of its group: the group and the row."""

    group: Ints
    row: Ints


def grouped(actions: Actions, window_seconds: int) -> Groups:
    """Returns the pairs and groups of accounts that act together within a time more than chance."""
    tested = tested_pairs(actions, window_seconds * 1000)
    sure = sure_pairs(actions, tested)
    pair = sure.pair
    src, dst = tested.pairs.src[pair], tested.pairs.dst[pair]
    shortest = _shortest(actions, tested, pair, window_seconds)
    group = _numbered(src, dst, actions.accounts)
    cut = following(actions, window_seconds * 1000) > tested.pairs.taken
    counts = different(actions.object[cut]), int(cut.sum())
    return Groups(tested, sure, shortest, group, _degrees(src, dst, shortest, group), *counts)


def steps(window_seconds: int) -> Sequence[int]:
    """Returns the times in which pairs are looked for, in seconds, the shortest first."""
    return [*(shorter for shorter in DEGREES if shorter < window_seconds), window_seconds]


def _shortest(actions: Actions, tested: Tested, sure: Ints, window_seconds: int) -> Ints:
    """Returns the shortest of `steps` in which each of some pairs is significant."""
    shortest = np.full(len(tested.pairs.src), window_seconds)
    if len(sure):
        for seconds in reversed(steps(window_seconds)[:-1]):
            shortest[significant_within(actions, tested.pairs, seconds * 1000)] = seconds
    return shortest[sure]


def _numbered(src: Ints, dst: Ints, accounts: int) -> Ints:
    """Returns the number of each account's component, those with most accounts first; NO_GROUP in small ones."""
    if not len(src):
        return np.full(accounts, NO_GROUP)
    component = components(src, dst, accounts)
    sizes = np.bincount(component)
    order = np.argsort(-sizes, kind="stable")
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return np.where(sizes[component] >= LEAST_MEMBERS, number[component], NO_GROUP)


def _degrees(src: Ints, dst: Ints, shortest: Ints, group: Ints) -> Ints:
    """Returns the shortest time within which the pairs of each group still join all its accounts."""
    groups = int(group.max(initial=NO_GROUP)) + 1
    degree = np.zeros(groups, np.int64)
    for seconds in sorted(set(shortest.tolist()), reverse=True):
        kept = shortest <= seconds
        component = components(src[kept], dst[kept], len(group))
        members = np.flatnonzero(group >= 0)
        parts = np.unique(np.stack([group[members], component[members]]), axis=1)[0]
        degree[np.bincount(parts, minlength=groups) == 1] = seconds
    return degree


def uses(actions: Actions, found: Groups) -> Uses:
    """Returns the actions by which significant pairs of a group met, each once, by group and row."""
    pairs, used = found.tested.pairs, np.zeros(len(actions.object), np.bool_)
    wanted = np.zeros(len(pairs.src), np.bool_)
    wanted[found.pair] = found.group[pairs.src[found.pair]] != NO_GROUP
    for pair, one, other in pairs.parts():
        met = wanted[pair]
        used[one[met]] = used[other[met]] = True
    rows = np.flatnonzero(used)
    group = found.group[actions.account[rows]]
    order = np.argsort(group, kind="stable")
    return Uses(group[order], rows[order])
