"""Which post retweets, answers or quotes which: cascades by fitness, copying and recency.

Each post that refers to another picks, among the earlier posts about the same candidate, one with a probability
proportional to weight times exp(-age/tau). An original's weight is its fitness, Pareto times its author's reach
(Bianconi and Barabasi 2001); a retweet's weight stands for the post that it repeats, so picking a retweet copies its
choice: preferential attachment, as in the copying model of Kleinberg et al. 1999, with heavy-tailed cascades. tau is
2 hours, 12 hours or 10 days, after Kwak et al. 2010 (half of all retweets within an hour, three quarters in a day;
two hours is the least that leaves small corpora someone to retweet). Half of the replies go to another camp.
"""

from dataclasses import dataclass

import numpy as np

from corpus.authors import Cast
from corpus.clock import END_MS, START_MS
from corpus.draws import Flags, Floats, Ints, pareto

ORIGINAL, RETWEET, REPLY, QUOTE = range(4)
NO_POST = -1

PEOPLE_KINDS = (0.325, 0.495, 0.12, 0.06)
BOT_KINDS = (0.75, 0.25, 0.0, 0.0)
OFFICIAL_KINDS = (0.9, 0.0, 0.05, 0.05)
TAUS_MS = tuple(hours * 3_600_000.0 for hours in (2, 12, 240))
TAU_SHARES = (0.5, 0.3, 0.2)
FITNESS_EXPONENT = 1.0
COPY_WEIGHT = 3.0
REPLY_FITNESS, QUOTE_FITNESS = 0.08, 0.6
OTHER_CAMP_SHARE = 0.5
MISSING_SHARE = 0.01


@dataclass(frozen=True)
class Cascades:
    """For each post its kind, the post that it refers to (NO_POST: none), whether that one has been deleted since,
    the first post of its conversation, and how many later posts refer to it."""

    kind: Ints
    target: Ints
    missing: Flags
    conversation: Ints
    uses: Ints


def cascades_of(cast: Cast, ms: Ints, author: Ints, subject: Ints, reach: Floats, rng: np.random.Generator) -> Cascades:
    """Draws who refers to whom, for posts sorted by time."""
    kind = _kinds(cast, author, rng)
    camp = np.where((kind == REPLY) & (rng.random(ms.size) < OTHER_CAMP_SHARE), np.roll(subject, 7), subject)
    pick = _picks(ms, subject, camp, kind, _weights(kind, reach[author], rng), rng)
    kind = np.where(pick == NO_POST, ORIGINAL, kind)
    target = _through_retweets(pick, kind)
    uses = np.bincount(target[target >= 0], minlength=ms.size)
    return Cascades(kind, target, _missing(kind, target, rng), _conversations(kind, target), uses)


def _kinds(cast: Cast, author: Ints, rng: np.random.Generator) -> Ints:
    shares = np.cumsum([PEOPLE_KINDS, BOT_KINDS, OFFICIAL_KINDS], axis=1)
    is_bot = (author >= cast.first_bot) & (author < cast.first_person)
    role = np.where(is_bot, 1, np.where(author < cast.first_bot, 2, 0))
    kind: Ints = (shares[role][:, :3] <= rng.random(author.size)[:, None]).sum(axis=1)
    return kind


def _weights(kind: Ints, reach: Floats, rng: np.random.Generator) -> Floats:
    factor = np.array([1.0, 0.0, REPLY_FITNESS, QUOTE_FITNESS])[kind]
    fitness = pareto(rng.random(kind.size), FITNESS_EXPONENT) * reach * factor
    return np.where(kind == RETWEET, COPY_WEIGHT, fitness)


def _picks(ms: Ints, subject: Ints, camp: Ints, kind: Ints, weight: Floats, rng: np.random.Generator) -> Ints:
    """For each referring post an earlier post of the camp that it looks to, retweets among them."""
    pick = np.full(ms.size, NO_POST)
    tau = np.searchsorted(np.cumsum(TAU_SHARES[:-1]), rng.random(ms.size), side="right")
    draw = rng.random(ms.size)
    for group in np.unique(camp):
        members = np.flatnonzero(subject == group)
        for number, span in enumerate(TAUS_MS):
            seekers = np.flatnonzero((camp == group) & (kind != ORIGINAL) & (tau == number))
            bounds = np.cumsum(weight[members] * np.exp((ms[members] - (START_MS + END_MS) / 2) / span))
            earlier = np.searchsorted(members, seekers)
            seekers, earlier = seekers[earlier > 0], earlier[earlier > 0]
            fallen = np.searchsorted(bounds, draw[seekers] * bounds[earlier - 1], side="right")
            pick[seekers] = members[np.minimum(fallen, earlier - 1)]
    return pick


def _through_retweets(pick: Ints, kind: Ints) -> Ints:
    """Replaces a picked retweet by what it retweets, until no picked post is a retweet."""
    target = pick.copy()
    while (through := np.flatnonzero((target >= 0) & (kind[target] == RETWEET))).size:
        target[through] = pick[target[through]]
    return target


def _missing(kind: Ints, target: Ints, rng: np.random.Generator) -> Flags:
    """Marks some posts whose target was deleted: only the last that refers to it, so that none shows it later."""
    missing = np.zeros(kind.size, np.bool_)
    referring = np.flatnonzero(target >= 0)[::-1]
    last = referring[np.unique(target[referring], return_index=True)[1]]
    last = np.sort(last[(kind[last] == RETWEET) | (kind[last] == REPLY)])
    wanted = MISSING_SHARE * np.count_nonzero((kind == RETWEET) | (kind == REPLY))
    missing[last[rng.random(last.size) * last.size < wanted]] = True
    return missing


def _conversations(kind: Ints, target: Ints) -> Ints:
    first = np.where(kind == REPLY, target, np.arange(kind.size))
    while (first != first[first]).any():
        first = first[first]
    return first
