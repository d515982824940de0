"""Intervals of precision, by Wilson's formula: of one rule, and of all rules together."""

from collections.abc import Sequence
from math import inf, sqrt
from typing import NamedTuple

Z = 1.959964
"""Of a normal variable, 95 % are within so many standard deviations."""


class Estimate(NamedTuple):
    """A part of a whole, 0..1, with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class Answers(NamedTuple):
    """How many posts of a rule were read, how many of them are right, and how many posts the rule has in all."""

    right: int
    read: int
    posts: int


def wilson(answers: Answers) -> Estimate:
    """Returns a rule's precision (Wilson 1927). `read` must be above 0; if all posts were read, nothing is uncertain.

    The number of posts read is raised by the correction for a finite population: n (N - 1) / (N - n).
    """
    unread = answers.posts - answers.read
    n = answers.read * (answers.posts - 1) / unread if unread > 0 else inf
    return _wilson(answers.right / answers.read, n)


def stratified(rules: Sequence[Answers]) -> Estimate:
    """Returns the precision of all rules' posts together, each rule weighted by its posts.

    The interval is Wilson's with the effective sample size (Korn and Graubard 1998; Franco et al. 2019): the size of a
    simple random sample in which the estimate would have the same variance. Of each rule, at least one post must have
    been read.
    """
    if len(rules) == 1:
        return wilson(rules[0])
    posts = sum(rule.posts for rule in rules)
    value = sum(rule.posts / posts * rule.right / rule.read for rule in rules)
    variance = sum(_weight(rule, posts) * _spread(rule) / max(1, rule.read - 1) for rule in rules)
    if value * (1 - value) and variance:
        return _wilson(value, value * (1 - value) / variance)
    # No rule has both right and wrong posts: then the effective size is that of the weights alone.
    weights = sum(_weight(rule, posts) / rule.read for rule in rules)
    return _wilson(value, 1 / weights if weights else inf)


def _weight(rule: Answers, posts: int) -> float:
    """Returns the square of a rule's part of the posts, with the correction for a finite population."""
    return (rule.posts / posts) ** 2 * (rule.posts - rule.read) / max(1, rule.posts - 1)


def _spread(rule: Answers) -> float:
    share = rule.right / rule.read
    return share * (1 - share)


def _wilson(share: float, n: float) -> Estimate:
    if n == inf:
        return Estimate(share, share, share)
    middle, half = share + Z * Z / (2 * n), Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    low, high = max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
    return Estimate(share, min(low, share), max(high, share))  # rounding must not put the share outside


def corrected(posts: int, others: int, precision: Estimate) -> Estimate:
    """Returns a candidate's share of posts if only the right ones counted; `others` are the other candidates' posts."""
    return Estimate(*(posts * part / (posts * part + others) if posts * part + others else 0.0 for part in precision))
