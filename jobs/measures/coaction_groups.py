"""Groups of accounts that act together more than chance: components of their significant pairs, and their degrees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.measures.ballots import Ints
from jobs.measures.coaction_occasions import Sure, sure_pairs
from jobs.measures.coaction_odds import Tested, tested_pairs
from jobs.measures.coactions import Actions, Known, different, following, keys_of, known_of, paired_rows
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
    sure = sure_pairs(actions, tested, window_seconds * 1000)
    pair = sure.pair
    src, dst = tested.pairs.src[pair], tested.pairs.dst[pair]
    shortest = _shortest(actions, src, dst, window_seconds)
    group = _numbered(src, dst, actions.accounts)
    cut = following(actions, window_seconds * 1000) > tested.pairs.taken
    counts = different(actions.object[cut]), int(cut.sum())
    return Groups(tested, sure, shortest, group, _degrees(src, dst, shortest, group), *counts)


def steps(window_seconds: int) -> Sequence[int]:
    """Returns the times in which pairs are looked for, in seconds, the shortest first."""
    return [*(shorter for shorter in DEGREES if shorter < window_seconds), window_seconds]


def _shortest(actions: Actions, src: Ints, dst: Ints, window_seconds: int) -> Ints:
    """Returns the shortest of `steps` in which each pair is significant."""
    shortest = np.full(len(src), window_seconds)
    if not len(src):
        return shortest
    wanted = src * actions.accounts + dst
    for seconds in reversed(steps(window_seconds)[:-1]):
        found = tested_pairs(actions, seconds * 1000)
        keys = found.keys(actions, found.significant)
        if len(keys):
            shortest[Known(keys).among(wanted)[0]] = seconds
    return shortest


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


def uses(actions: Actions, found: Groups, window_seconds: int) -> Uses:
    """Returns the actions by which significant pairs of a group met, each once, by group and row."""
    src, dst = found.tested.pairs.src[found.pair], found.tested.pairs.dst[found.pair]
    keys = (src * actions.accounts + dst)[found.group[src] >= 0]
    met = [np.zeros((2, 0), np.int64)]
    if len(keys):
        known = Known(keys)
        for one, other in paired_rows(
            following(actions, window_seconds * 1000), known_of(actions, keys), found.tested.pairs.taken
        ):
            at, _ = known.among(keys_of(actions, one, other))
            rows = np.unique(np.concatenate([one[at], other[at]]))
            met.append(np.stack([found.group[actions.account[rows]], rows]))
    both = np.unique(np.concatenate(met, axis=1), axis=1)
    return Uses(both[0], both[1])
