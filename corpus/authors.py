"""The accounts: how many posts each writes, and how widely each is read.

The activity of people follows a Zipf-Mandelbrot law. There is one author for every five posts, and each author writes
at least one post. Each further post is by the author of rank r with a probability in proportion to (r + q)^-1.6, where
q is a thousandth of the number of authors, but at least 8. The most active tenth then write about four posts in five,
as Pew Research Center counted for US adults ("Sizing Up Twitter Users", April 2019: 10 % of users, 80 % of tweets). The
reach of an account, from which its numbers of followers and retweets follow, is log-normal. The candidates' own
accounts write 0.6 % of the posts. Up to 20 bots write 5 %, each of them for one candidate. `lures` are accounts whose
handle contains a candidate's name, such as duterte_fan2016; they are mentioned but never write.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from conf.topic import Topic
from corpus.clock import bot_times, human_times
from corpus.draws import Floats, Ints
from corpus.voices import x_handles

ZIPF_EXPONENT = 1.6
POSTS_AN_AUTHOR = 5
BOTS, POSTS_A_BOT_AT_LEAST = 20, 75
REACH_SPREAD = 1.3
OFFICIAL_REACH, BOT_REACH = 60.0, 0.3


class Official(NamedTuple):
    """A candidate's own account; `candidate` is the candidate's number, counted from 0 over all races."""

    handle: str
    candidate: int


@dataclass(frozen=True)
class Cast:
    """All accounts, numbered from 0 in this order: officials, lures, bots, people."""

    officials: tuple[Official, ...]
    lures: tuple[str, ...]
    bots: int
    people: int

    @property
    def first_bot(self) -> int:
        """The number of the first bot."""
        return len(self.officials) + len(self.lures)

    @property
    def first_person(self) -> int:
        """The number of the first person."""
        return self.first_bot + self.bots

    @property
    def size(self) -> int:
        """The number of accounts."""
        return self.first_person + self.people


def cast_of(topic: Topic, posts: int, lures: tuple[str, ...]) -> Cast:
    """Returns the accounts of a corpus of `posts` posts."""
    candidates = [candidate for race in topic.races for candidate in race.candidates]
    owners = {handle: number for number, one in enumerate(candidates) for handle in x_handles(one)}
    bots = min(BOTS, max(1, posts // 20 // POSTS_A_BOT_AT_LEAST)) if topic.races and posts >= 20 else 0
    return Cast(
        tuple(Official(*pair) for pair in owners.items()), lures, bots, max(1, posts // POSTS_AN_AUTHOR) if posts else 0
    )


def posts_of(cast: Cast, posts: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Returns the time of each post (milliseconds since 1970) and the number of its author, both sorted by time."""
    of_officials = posts * 6 // 1000 if cast.officials else 0
    of_bots = posts // 20 if cast.bots else 0
    bot = rng.integers(0, cast.bots, of_bots) if of_bots else np.zeros(0, np.int64)
    official = rng.integers(0, len(cast.officials), of_officials) if of_officials else np.zeros(0, np.int64)
    person = _people_by_activity(cast.people, posts - of_officials - of_bots, rng)
    author = np.concatenate((official, rng.permutation(person) + cast.first_person, bot + cast.first_bot))
    times = np.concatenate((human_times(posts - of_bots, rng), bot_times(bot, cast.bots, rng)))
    order = np.argsort(times, kind="stable")
    return times[order], author[order].astype(np.int64)


def _people_by_activity(people: int, posts: int, rng: np.random.Generator) -> Ints:
    bounds = np.cumsum((np.arange(1, people + 1) + max(people / 1000, 8)) ** -ZIPF_EXPONENT)
    extra = rng.random(max(0, posts - people)) * (bounds[-1] if people else 0)
    return np.concatenate((np.arange(min(people, posts)), np.searchsorted(bounds, extra, side="right")))


def reach_of(cast: Cast, rng: np.random.Generator) -> Floats:
    """Returns the reach of each account (how widely it is read), without a unit; the median of people is 1."""
    reach = rng.lognormal(0.0, REACH_SPREAD, cast.size)
    reach[: len(cast.officials)] *= OFFICIAL_REACH
    reach[cast.first_bot : cast.first_person] *= BOT_REACH
    return reach
