"""Chooses the one or two candidates that a post names, from the national mood and the author's leaning.

The mood is the share of each candidate in a race. It changes linearly over the campaign. It ends at the official
outcome (or at random shares, if the topic has no outcome), and starts at random shares near that end. An author's
leaning is a Dirichlet draw around the mean mood with a concentration of 1: most authors prefer one candidate, some are
undecided. A post is about a candidate with a probability in proportion to the author's leaning, times the mood at that
time divided by the mean mood. A quarter of people's posts are about nobody (a third, counting replies whose text names
nobody). Some posts name two candidates: rivals in one race, or running mates in two races.
"""

from dataclasses import dataclass

import numpy as np

from conf.topic import Topic
from corpus.authors import Cast
from corpus.draws import Floats, Ints, choose_columns

NOBODY = -1
NOBODY_SHARE = 0.25
PAIR_SHARE = 0.085
TANDEM_SHARE = 0.45
RACE_DECAY = 1.1
CONCENTRATION = 1.0


@dataclass(frozen=True)
class Mood:
    """The share of each candidate in its race at the campaign's start and end, and the number of the race."""

    opening: Floats
    close: Floats
    race: Ints

    def at(self, part: Floats) -> Floats:
        """Returns the shares at these parts of the campaign, 0 to 1: one row per part, one column per candidate."""
        return np.asarray(self.opening + part[:, None] * (self.close - self.opening))


def mood_of(topic: Topic, rng: np.random.Generator) -> Mood:
    """Chooses by chance the mood of each race at the start and, if there is no outcome, at the end."""
    opening, close, race = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, np.int64)]
    for number, one in enumerate(topic.races):
        drawn = rng.dirichlet(np.full(len(one.candidates), 4.0))
        outcome = np.array([one.outcome.get(candidate.id, 0.0) for candidate in one.candidates])
        end = outcome / outcome.sum() if outcome.sum() > 0 else drawn
        opening.append(rng.dirichlet(25 * (0.6 * end + 0.4 / end.size)))
        close.append(end)
        race.append(np.full(end.size, number))
    return Mood(np.concatenate(opening), np.concatenate(close), np.concatenate(race))


def subjects(mood: Mood, cast: Cast, author: Ints, part: Floats, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Returns two numbers for each post: the candidate that it is about and a second one; NOBODY where there is none.

    `author` is the number of each post's author, `part` the part of the campaign that has passed, 0 to 1.
    """
    first, second = np.full(author.size, NOBODY), np.full(author.size, NOBODY)
    if mood.race.size:
        speaks = np.flatnonzero((rng.random(author.size) >= NOBODY_SHARE) | (author < cast.first_person))
        race = _races(mood, speaks.size, rng)
        leaning = _leanings(mood, cast, rng)
        first[speaks] = _by_leaning(mood, leaning, race, author[speaks], part[speaks], rng)
        first = _loyal(first, mood, cast, author, rng)
        pairs = np.flatnonzero((first >= 0) & (author >= cast.first_person) & (rng.random(author.size) < PAIR_SHARE))
        second[pairs] = _others(mood, first[pairs], part[pairs], rng)
    return first, second


def _races(mood: Mood, count: int, rng: np.random.Generator) -> Ints:
    weights = (np.arange(mood.race[-1] + 1) + 1.0) ** -RACE_DECAY
    race: Ints = np.searchsorted(np.cumsum(weights), rng.random(count) * weights.sum(), side="right")
    return race


def _leanings(mood: Mood, cast: Cast, rng: np.random.Generator) -> Floats:
    mean = (mood.opening + mood.close) / 2
    gamma = rng.standard_gamma(np.broadcast_to(CONCENTRATION * mean, (cast.size, mean.size)))
    return np.asarray((gamma + 1e-9 * mean) / mean)


def _by_leaning(mood: Mood, leaning: Floats, race: Ints, author: Ints, part: Floats, rng: np.random.Generator) -> Ints:
    chosen = np.full(author.size, NOBODY)
    for number in range(mood.race[-1] + 1):
        rows, columns = np.flatnonzero(race == number), np.flatnonzero(mood.race == number)
        weights = leaning[author[rows]][:, columns] * mood.at(part[rows])[:, columns]
        chosen[rows] = columns[choose_columns(weights, rng.random(rows.size))]
    return chosen


def _loyal(first: Ints, mood: Mood, cast: Cast, author: Ints, rng: np.random.Generator) -> Ints:
    """Gives each candidate's own accounts that candidate in all their posts, and each bot one of at most three."""
    served = rng.choice(mood.race.size, min(3, mood.race.size), replace=False)
    bot_for = served[rng.integers(0, served.size, cast.bots)]
    is_bot = (author >= cast.first_bot) & (author < cast.first_person)
    is_official = author < len(cast.officials)
    first = first.copy()
    first[is_official] = np.array([one.candidate for one in cast.officials], np.int64)[author[is_official]]
    first[is_bot] = bot_for[author[is_bot] - cast.first_bot]
    return first


def _others(mood: Mood, first: Ints, part: Floats, rng: np.random.Generator) -> Ints:
    """Returns a second candidate for each post: of the same race or, for a tandem, of another race.

    It is NOBODY where there is no such candidate.
    """
    tandem = (rng.random(first.size) < TANDEM_SHARE) & (mood.race[-1] > 0)
    same_race = mood.race[None, :] == mood.race[first][:, None]
    allowed = (same_race != tandem[:, None]) & (np.arange(mood.race.size)[None, :] != first[:, None])
    return choose_columns(mood.at(part) * allowed, rng.random(first.size))
