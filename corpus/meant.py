"""What is true of generated posts, to which what is counted can be compared.

Whom each post means, whatever names stand in it; and which posts are planted replies.
"""

from collections.abc import Iterator

import numpy as np

from conf.topic import Topic
from corpus.cascades import RETWEET
from corpus.clock import WORKERS
from corpus.plan import Plan, plan_of


def meant(
    topic: Topic, posts: int, seed: int, workers: tuple[int, int] = WORKERS, lookalikes: float = 0.0
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yields each post's id, and the candidates whom it means, as "race/candidate"; the arguments are `generate`'s.

    A post means the candidates that it was written about, unless it is a look-alike. A post that answers, quotes or
    retweets a candidate's own account means that candidate, too. A retweet means what the retweeted post means.
    """
    plan = plan_of(topic, posts, seed, workers, lookalikes)
    names = [f"{race.id}/{candidate.id}" for race in topic.races for candidate in race.candidates]
    for number, post_id in enumerate(plan.ids.tolist()):
        yield str(post_id), frozenset(names[candidate] for candidate in _candidates(plan, number))


def piled_on(
    topic: Topic, posts: int, seed: int, pile_ons: int, workers: tuple[int, int] = WORKERS, lookalikes: float = 0.0
) -> dict[str, list[str]]:
    """Returns the ids of the planted replies of each pile-on, in the order of time, by the id of its first post.

    The arguments are `generate`'s.
    """
    plan = plan_of(topic, posts, seed, workers, lookalikes, pile_ons)
    found: dict[str, list[str]] = {}
    for number in np.flatnonzero(plan.pile_on >= 0).tolist():
        found.setdefault(str(plan.ids[plan.pile_on[number]]), []).append(str(plan.ids[number]))
    return found


def _candidates(plan: Plan, number: int) -> Iterator[int]:
    kind, target = int(plan.cascades.kind[number]), int(plan.cascades.target[number])
    if kind == RETWEET:
        yield from _candidates(plan, target)
    elif not plan.lookalike[number]:
        yield from (int(one) for one in (plan.subject[number], plan.second[number]) if one >= 0)
    if target >= 0 and plan.author[target] < len(plan.cast.officials):
        yield plan.cast.officials[int(plan.author[target])].candidate
