"""Occasions: how often two accounts met, where what they did in one sitting counts once.

People open an app, read the same list from the top, and pass on several posts within minutes. Two who do so in the same
minutes have several objects in common, but it is one coincidence. The expected number of objects is at least that of
occasions, so their Poisson tail is an upper bound of the chance.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from jobs.measures.ballots import Floats, Ints
from jobs.measures.coaction_meetings import NONE, Together, numbered
from jobs.measures.coaction_odds import FALSE_SHARE, Tested, adjusted, most_pairs
from jobs.measures.coactions import Actions

SITTING_MS = 1_200_000
"""What two accounts do within this time of their first meeting is one occasion."""

_AT_ONCE = 200_000
"""Meetings that are looked at together."""


@dataclass(frozen=True)
class Sure:
    """The pairs that are significant by objects and by occasions: their numbers, occasions, and q-values by these."""

    pair: Ints
    occasions: Ints
    q: Floats


def sure_pairs(actions: Actions, tested: Tested) -> Sure:
    """Returns the pairs that met on significantly more occasions than they are expected to have objects in common."""
    pair = tested.significant
    if not len(pair):
        return Sure(pair, pair, np.zeros(0))
    occasions = _occasions(actions, tested.pairs, pair)
    p = np.asarray(gammainc(occasions, tested.expected[pair]), np.float64)
    q = adjusted(p, most_pairs(actions))
    sure = q <= FALSE_SHARE
    return Sure(pair[sure], occasions[sure], q[sure])


def _occasions(actions: Actions, pairs: Together, some: Ints) -> Ints:
    """Returns the number of occasions of some of the pairs."""
    number, begin = numbered(some, len(pairs.src)), int(actions.at_ms.min())
    span, parts = int(actions.at_ms.max()) - begin + SITTING_MS + 1, [np.zeros(0, np.int64)]
    for pair, one, _ in pairs.parts():
        known = np.flatnonzero(number[pair] != NONE)
        parts.append(number[pair[known]] * span + actions.at_ms[one[known]] - begin)
    met = np.concatenate(parts)
    met.sort()  # by pair, then by time
    occasions, last = np.zeros(len(some), np.int64), 0
    while last < len(met):
        first, at = last, min(last + _AT_ONCE, len(met)) - 1
        last = int(np.searchsorted(met, (int(met[at]) // span + 1) * span))  # whole pairs
        _count(occasions, met[first:last], span)
    return occasions


def _count(occasions: Ints, met: Ints, span: int) -> None:
    """Adds the occasions of some pairs: `met` has, in order, the times of each, and `span` times the pair's number."""
    at = np.flatnonzero(np.diff(met, prepend=met[0] - SITTING_MS) >= SITTING_MS)  # each surely begins an occasion
    end, pair = np.append(at[1:], len(met)), met[at] // span
    while len(at):
        np.add.at(occasions, pair, 1)
        at = np.searchsorted(met, met[at] + SITTING_MS)
        going_on = at < end
        at, end, pair = at[going_on], end[going_on], pair[going_on]
