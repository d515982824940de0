"""Occasions: how often two accounts met, where what they did in one sitting counts once.

People open an app, read the same list from the top, and pass on several posts within minutes. Two who do so in the same
minutes have several objects in common, but it is one coincidence. The expected number of objects is at least that of
occasions, so their Poisson tail is an upper bound of the chance.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from jobs.measures.ballots import Floats, Ints
from jobs.measures.coaction_odds import FALSE_SHARE, Tested, adjusted, most_pairs
from jobs.measures.coactions import Actions, Known, following, keys_of, known_of, paired_rows

SITTING_MS = 1_200_000
"""What two accounts do within this time of their first meeting is one occasion."""


@dataclass(frozen=True)
class Sure:
    """The pairs that are significant by objects and by occasions: their numbers, occasions, and q-values by these."""

    pair: Ints
    occasions: Ints
    q: Floats


def sure_pairs(actions: Actions, tested: Tested, window_ms: int) -> Sure:
    """Returns the pairs that met on significantly more occasions than they are expected to have objects in common."""
    pair = tested.significant
    if not len(pair):
        return Sure(pair, pair, np.zeros(0))
    occasions = _occasions(actions, tested.keys(actions, pair), window_ms, tested.pairs.taken)
    p = np.asarray(gammainc(occasions, tested.expected[pair]), np.float64)
    q = adjusted(p, most_pairs(actions))
    sure = q <= FALSE_SHARE
    return Sure(pair[sure], occasions[sure], q[sure])


def _occasions(actions: Actions, keys: Ints, window_ms: int, taken: int) -> Ints:
    """Returns the number of occasions of each pair; `keys` are sorted."""
    known, first = Known(keys), int(actions.at_ms.min())
    parts = [np.zeros(0, np.int64)]
    span = int(actions.at_ms.max()) - first + SITTING_MS + 1
    for one, other in paired_rows(following(actions, window_ms), known_of(actions, keys), taken):
        rows, place = known.among(keys_of(actions, one, other))
        parts.append(place * span + actions.at_ms[one[rows]] - first)
    met = np.sort(np.concatenate(parts))  # by pair, then by time
    occasions = np.zeros(len(keys), np.int64)
    pair = np.arange(len(keys))
    at = np.searchsorted(met, pair * span)
    while len(pair):
        occasions[pair] += 1
        at = np.searchsorted(met, met[at] + SITTING_MS)
        going_on = at < len(met)
        going_on[going_on] = met[at[going_on]] // span == pair[going_on]
        pair, at = pair[going_on], at[going_on]
    return occasions
