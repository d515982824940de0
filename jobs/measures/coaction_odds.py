"""By how much two accounts act together more than chance: expected objects, p-values and q-values.

If the times of each object's accounts were shuffled among them, two of these accounts would fall within the time of one
another with the probability q of the object: the part of all its pairs that do (`coactions.rush`). So two accounts are
expected to have lambda objects in common within the time: the sum of q over the objects that both used at any time. The
number of those that they have is compared with Poisson's distribution. Where it is above lambda + 1, its tail is at
least that of the sum of unequal chances (Hoeffding 1956; Anderson and Samuels 1967), so p-values are conservative.

Many pairs are tested. Their p-values are adjusted after Benjamini and Hochberg (1995), for all pairs that used at least
two objects in common at any time: any of these could have been found, and to count only those that met within the time
would be to choose by the outcome. To count all would take a join of each object with itself, so a bound is used that is
easy to compute and never less (`most_pairs`). So q-values are conservative, too.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from jobs.measures.ballots import Floats, Ints
from jobs.measures.coaction_meetings import Together, nearer, together
from jobs.measures.coactions import Actions, Known, different, following, rush

FALSE_SHARE = 0.05
"""Pairs are significant up to this q-value: about so many of them, at most, are expected to be there by chance."""
_AT_ONCE = 200_000


@dataclass(frozen=True)
class Tested:
    """Pairs of accounts with what is expected of each: `expected` objects, `p` and `q`, element by element."""

    pairs: Together
    expected: Floats
    p: Floats
    q: Floats

    @property
    def significant(self) -> Ints:
        """The numbers of the pairs that are significant by their objects."""
        return np.flatnonzero(self.q <= FALSE_SHARE)


def tested_pairs(actions: Actions, window_ms: int) -> Tested:
    """Returns the pairs of accounts with at least two objects in common within the time, tested against chance."""
    after = following(actions, window_ms)
    pairs = together(actions, after)
    return Tested(pairs, *_odds(actions, after, pairs.src, pairs.dst, pairs.weight))


def significant_within(actions: Actions, pairs: Together, window_ms: int) -> Ints:
    """Returns the numbers of those pairs that are significant by their objects within a shorter time."""
    weight = nearer(actions, pairs, window_ms)
    some = np.flatnonzero(weight > 1)
    after = following(actions, window_ms)
    _, _, q = _odds(actions, after, pairs.src[some], pairs.dst[some], weight[some])
    return some[q <= FALSE_SHARE]


def _odds(actions: Actions, after: Ints, src: Ints, dst: Ints, weight: Ints) -> tuple[Floats, Floats, Floats]:
    """Returns the expected objects of all pairs with two within the time, their p-values and their q-values."""
    expected = expectations(actions, rush(actions, after), src, dst)
    p = np.asarray(gammainc(weight, expected), np.float64)  # P(Poisson(expected) >= weight)
    return expected, p, adjusted(p, most_pairs(actions))


def expectations(actions: Actions, chance: Floats, src: Ints, dst: Ints) -> Floats:
    """Returns the sum of the chances of the objects that both accounts of each pair used, at any time."""
    order = np.lexsort((actions.object, actions.account))
    account, object_ = actions.account[order], actions.object[order]
    known = Known(account * max(actions.objects, 1) + object_) if len(src) else None
    starts = np.searchsorted(account, np.arange(actions.accounts + 1))
    uses = np.diff(starts)
    few, many = (np.where(uses[src] <= uses[dst], one, other) for one, other in ((src, dst), (dst, src)))
    sums, first = np.zeros(len(src)), 0
    total = np.cumsum(uses[few])
    while known and first < len(src):
        before = int(total[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(total, before + _AT_ONCE)))
        some = uses[few[first:last]]
        pair = np.repeat(np.arange(first, first + len(some)), some)
        inside = np.arange(len(pair)) - np.repeat(np.cumsum(some) - some, some)
        object_of = object_[starts[few[pair]] + inside]
        both = known.rows(many[pair] * actions.objects + object_of)
        sums += np.bincount(pair[both], weights=chance[object_of[both]], minlength=len(src))
        first = last
    return sums


def most_pairs(actions: Actions) -> float:
    """Returns a number of pairs that is never less than that of pairs with two objects in common at any time.

    There are no more pairs than accounts can form. Each pair is counted at least twice among the pairs of the objects;
    and at least once even without the object with most accounts.
    """
    sizes = np.bincount(actions.object, minlength=1).astype(np.float64)
    of_objects = sizes * (sizes - 1) / 2
    accounts = float(different(actions.account))
    total, most = float(of_objects.sum()), float(of_objects.max())
    return min(accounts * (accounts - 1) / 2, total / 2, total - most)


def adjusted(p: Floats, tests: float) -> Floats:
    """Returns the q-values of p-values, the least of all those of `tests` tests."""
    order = np.argsort(p, kind="stable")
    scaled = p[order] * tests / np.arange(1, len(p) + 1)
    least = np.minimum.accumulate(scaled[::-1])[::-1]
    q = np.empty_like(p)
    q[order] = np.minimum(least, 1.0)
    return q
