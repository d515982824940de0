"""Chooses by chance which post retweets, answers or quotes which earlier post, by fitness, copying and recency.

A post that refers to another picks one of the earlier posts about the same candidate, with a probability in proportion
to weight times exp(-age/tau). The weight of an original is its fitness: a Pareto draw times the author's reach
(Bianconi and Barabasi 2001). The weight of a reply or quote is a smaller part of that. A retweet has a fixed weight; a
post that picks a retweet refers to the retweeted post. So a post with more retweets is picked more often: this is
preferential attachment, as in the copying model of Kleinberg et al. 1999, and makes a few cascades very large. tau is 2
hours, 12 hours or 10 days, based on Kwak et al. 2010, who found half of all retweets within an hour and three quarters
within a day. (With less than two hours, posts of a small corpus would find nothing to retweet.) Half of the replies
pick from posts about another post's candidate, so that supporters of different candidates answer each other, too.
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
    """The references between posts; every column has one value per post.

    `kind` is one of ORIGINAL, RETWEET, REPLY and QUOTE. `target` is the number of the post that a post refers to, or
    NO_POST. `missing` says whether that post counts as deleted. `conversation` is the number of the conversation's
    first post. `uses` is how many later posts refer to this one.
    """

    kind: Ints
    target: Ints
    missing: Flags
    conversation: Ints
    uses: Ints


def cascades_of(cast: Cast, ms: Ints, author: Ints, subject: Ints, reach: Floats, rng: np.random.Generator) -> Cascades:
    """Chooses by chance which post refers to which. Posts must be sorted by time; `reach` has one value per account."""
    kind = _kinds(cast, author, rng)
    camp = np.where((kind == REPLY) & (rng.random(ms.size) < OTHER_CAMP_SHARE), np.roll(subject, 7), subject)
    pick = _picks(ms, subject, camp, kind, _weights(kind, reach[author], rng), rng)
    kind = np.where(pick == NO_POST, ORIGINAL, kind)
    target = _through_retweets(pick, kind)
    uses = np.bincount(target[target >= 0], minlength=ms.size)
    return Cascades(kind, target, _missing(kind, target, rng), conversations_of(kind, target), uses)


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
    """Returns the number of the post that each post picks, which may be a retweet; NO_POST where it picks none.

    `camp` is the subject whose posts it picks from.
    """
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
    """Replaces each picked retweet by the post that it retweets, until no pick is a retweet."""
    target = pick.copy()
    while (through := np.flatnonzero((target >= 0) & (kind[target] == RETWEET))).size:
        target[through] = pick[target[through]]
    return target


def _missing(kind: Ints, target: Ints, rng: np.random.Generator) -> Flags:
    """Marks about one retweet or reply in a hundred whose target counts as deleted.

    Only the last post that refers to a target can be marked, so no later post shows the deleted one.
    """
    missing = np.zeros(kind.size, np.bool_)
    referring = np.flatnonzero(target >= 0)[::-1]
    last = referring[np.unique(target[referring], return_index=True)[1]]
    last = np.sort(last[(kind[last] == RETWEET) | (kind[last] == REPLY)])
    wanted = MISSING_SHARE * np.count_nonzero((kind == RETWEET) | (kind == REPLY))
    missing[last[rng.random(last.size) * last.size < wanted]] = True
    return missing


def conversations_of(kind: Ints, target: Ints) -> Ints:
    """Returns the number of the first post of each post's conversation."""
    first = np.where(kind == REPLY, target, np.arange(kind.size))
    while (first != first[first]).any():
        first = first[first]
    return first
