"""The pairs as other tools count them: two accounts, any uses of an object within a time, and a least number.

CooRTweet (Righetti and Balluff) simulates accounts that act together: each two of them share objects a Poisson number
of times above the least, each time within the window, and far from all other times; all others never do. The
Coordination Network Toolkit (QUT Digital Observatory) tests its co-retweets with 14 retweets, and states how many
accounts each setting has. Both count every use, not only the first, and no chance.
"""

from itertools import combinations

import numpy as np
import pytest
from numpy.random import Generator

from jobs.measures.coaction_meetings import together
from jobs.measures.coactions import Actions, following, in_order
from tests.support.drawn_actions import Drawn

Pairs = dict[tuple[int, int], int]


def as_coortweet(drawn: Drawn, window_ms: int, least: int) -> Pairs:
    """Returns the pairs of different accounts with at least `least` uses of an object within the time."""
    actions = in_order(Actions(*drawn, np.ones(len(drawn.object), np.int64)))
    found = together(actions, following(actions, window_ms), least)
    weights = zip(found.src.tolist(), found.dst.tolist(), found.weight.tolist(), strict=True)
    return {(src, dst): weight for src, dst, weight in weights if src != dst}


def simulated(rng: Generator, acting: int, others: int, objects: int, least: int, window: int) -> tuple[Drawn, Pairs]:
    """Returns uses, with times in seconds, and the pairs that act together."""
    rows, pairs, at = list[tuple[int, int, int]](), Pairs(), 0
    for one, other in combinations(range(acting), 2):
        pairs[one, other] = least + int(rng.poisson(2))
        for _ in range(pairs[one, other]):
            object_, delta = int(rng.integers(objects)), int(rng.integers(0, window + 1))
            rows += [(object_, one, at), (object_, other, at + delta)]
            at += 2 * window + 1
    for one, other in combinations(range(acting, acting + others), 2):
        for _ in range(int(rng.poisson(0.5))):
            object_, delta = int(rng.integers(objects)), window + 1 + int(rng.integers(1, window + 1))
            at += 4 * window + 4
            rows += [(object_, one, at), (object_, other, at + delta)]
    return Drawn(*np.array(rows, np.int64).T), pairs


@pytest.mark.parametrize(
    ("acting", "others", "objects", "least", "window"),
    [(5, 4, 5, 3, 10), (50, 100, 100, 3, 100), (3, 10, 3, 1, 1), (10, 3, 10, 10, 60), (5, 5, 2, 3, 101)],
)
def test_what_coortweet_simulates_is_found_and_nothing_else(
    acting: int, others: int, objects: int, least: int, window: int
) -> None:
    for seed in range(5):
        drawn, pairs = simulated(np.random.default_rng(seed), acting, others, objects, least, window)
        assert as_coortweet(drawn, window, least) == pairs


RETWEETS = (
    *((0, 0, 0), (0, 1, 59), (1, 2, 60), (1, 3, 70), (2, 2, 70), (2, 3, 131), (3, 4, 30), (3, 5, 89)),
    *((4, 4, 40), (4, 5, 41), (5, 10, 42), (5, 10, 52), (6, 11, 42), (6, 12, 300)),
)
"""The toolkit's test: the retweeted post, the account and the second."""


@pytest.mark.parametrize(
    ("seconds", "least", "loops", "accounts"),
    [(1, 1, False, 2), (1, 1, True, 9), (1, 2, False, 0), (1, 2, True, 5), (60, 1, False, 6), (60, 1, True, 9)],
)
def test_the_toolkits_settings_give_its_numbers_of_accounts(
    seconds: int, least: int, loops: bool, accounts: int
) -> None:
    drawn = Drawn(*np.array(RETWEETS, np.int64).T)
    found = {account for pair in as_coortweet(drawn, seconds, least) for account in pair}
    if loops:  # an account's every retweet stands beside itself
        uses = np.bincount(drawn.account)
        found |= set(np.flatnonzero(uses >= least).tolist())
    assert len(found) == accounts
