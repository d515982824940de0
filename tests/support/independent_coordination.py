"""A second computation of who acts together: plain Python, every pair of every object, no window function, no NumPy."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

Action = tuple[str, str, int]
"""Object, account and time in ms: any use of an object."""


class Expected(NamedTuple):
    """The figures of a pair of accounts."""

    weight: int
    strength: float
    expected: float
    p: float
    q: float
    delta_ms: float
    occasions: int


def first_uses(actions: Iterable[Action], least: int = 3) -> dict[str, dict[str, int]]:
    """Returns by object and account the time of the first use, without rare accounts and objects of one account."""
    first: dict[str, dict[str, int]] = defaultdict(dict)
    for object_, account, at in actions:
        first[object_][account] = min(at, first[object_].get(account, at))
    uses = Counter(account for times in first.values() for account in times)
    kept = {o: {a: at for a, at in times.items() if uses[a] >= least} for o, times in first.items()}
    return {o: times for o, times in kept.items() if len(times) > 1}


def tail(weight: int, expected: float) -> float:
    """Returns the chance that a Poisson variable is at least `weight`, term by term."""
    if weight > expected:  # the terms fall from here on
        term = math.exp(-expected + weight * math.log(expected) - math.lgamma(weight + 1)) if expected else 0.0
        total, k = 0.0, weight
        while term > total * 1e-17:
            total, k = total + term, k + 1
            term *= expected / k
        return total
    below = (math.exp(-expected + k * math.log(expected) - math.lgamma(k + 1)) for k in range(weight))
    return 1 - math.fsum(below)


def pairs_tested(uses: Mapping[str, Mapping[str, int]]) -> float:
    """Returns the bound on the number of pairs with two objects in common."""
    accounts = {account for times in uses.values() for account in times}
    of_objects = [math.comb(len(times), 2) for times in uses.values()]
    return min(math.comb(len(accounts), 2), sum(of_objects) / 2, sum(of_objects) - max(of_objects, default=0))


def pairs_in_common(uses: Mapping[str, Mapping[str, int]]) -> int:
    """Returns the true number of pairs with two objects in common, at any time."""
    common = Counter(pair for times in uses.values() for pair in combinations(sorted(times), 2))
    return sum(count > 1 for count in common.values())


def acting_together(uses: Mapping[str, Mapping[str, int]], window_ms: int) -> dict[tuple[str, str], Expected]:
    """Returns the pairs of accounts with at least two objects in common within the time."""
    within: dict[tuple[str, str], list[tuple[float, int, int]]] = defaultdict(list)
    chance: dict[str, float] = {}
    common: dict[tuple[str, str], list[str]] = defaultdict(list)
    for object_, times in uses.items():
        ordered = sorted((at, account) for account, at in times.items())
        near = 0
        for (at, one), (later, other) in combinations(ordered, 2):
            pair = (min(one, other), max(one, other))
            common[pair].append(object_)
            if later - at > window_ms:
                continue
            near += 1
            place = ordered.index((at, one))
            sharers = sum(at <= t <= at + window_ms for t, _ in ordered[place:])
            within[pair].append((1 / (sharers - 1), later - at, at))
        chance[object_] = near / math.comb(len(times), 2)
    often = {pair: found for pair, found in within.items() if len(found) > 1}
    expected = {pair: math.fsum(chance[o] for o in common[pair]) for pair in often}
    p = {pair: tail(len(found), expected[pair]) for pair, found in often.items()}
    q = benjamini_hochberg(p, pairs_tested(uses))
    return {
        pair: Expected(
            *(len(f), math.fsum(one[0] for one in f), expected[pair], p[pair], q[pair], sum(one[1] for one in f)),
            occasions(one[2] for one in f),
        )
        for pair, f in often.items()
    }


def occasions(times: Iterable[int], sitting_ms: int = 20 * 60_000) -> int:
    """Returns how often two accounts met, when what they do within a time of their first meeting counts once."""
    count, end = 0, -1
    for at in sorted(times):
        if at >= end:
            count, end = count + 1, at + sitting_ms
    return count


def benjamini_hochberg(p: Mapping[tuple[str, str], float], tests: float) -> dict[tuple[str, str], float]:
    """Returns the q-value of each p-value: the least of those of this rank and later ones."""
    ranked = sorted(p, key=lambda pair: p[pair])
    q, least = {}, 1.0
    for rank in range(len(ranked), 0, -1):
        pair = ranked[rank - 1]
        least = min(least, p[pair] * tests / rank)
        q[pair] = least
    return q
