"""Whom each generated post means, whatever names stand in it: the truth to which what is counted can be compared."""

from collections.abc import Iterator

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


def _candidates(plan: Plan, number: int) -> Iterator[int]:
    kind, target = int(plan.cascades.kind[number]), int(plan.cascades.target[number])
    if kind == RETWEET:
        yield from _candidates(plan, target)
    elif not plan.lookalike[number]:
        yield from (int(one) for one in (plan.subject[number], plan.second[number]) if one >= 0)
    if target >= 0 and plan.author[target] < len(plan.cast.officials):
        yield plan.cast.officials[int(plan.author[target])].candidate
