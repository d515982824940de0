"""Pile-ons: posts under which very many people reply within hours. They are planted, so the truth is known.

For each pile-on, an original post by a person is drawn. Posts by other people, one of each, become replies to it: a
post that no other refers to is drawn, and gets a new time. The delays are exponential, with a mean of 40 minutes: half
of the replies come within half an hour. Four in five answer the first post itself; the others answer an earlier reply.
The same corpus without pile-ons is its quiet twin: the people and their subjects are the same, and no reply is planted.
"""

from typing import NamedTuple

import numpy as np

from conf.errors import WrongUse
from corpus.authors import Cast
from corpus.cascades import NO_POST, ORIGINAL, REPLY, Cascades, conversations_of
from corpus.clock import DAY_MS, END_MS
from corpus.draws import Ints

FEWEST, MOST = 40, 400
"""The least and the greatest number of replies of a pile-on; in a small corpus, there are less than the greatest."""
PART = 50
"""All pile-ons together are at most one in so many posts."""
MEAN_DELAY_MS = 40 * 60_000
DIRECT_SHARE = 0.8
LAST_DAYS = 2
"""No pile-on begins in so many days at the end, so that none is cut off."""


class Rows(NamedTuple):
    """Posts in columns, in the order of time. `pile_on` is the post under which each was planted, or NO_POST."""

    ms: Ints
    author: Ints
    subject: Ints
    second: Ints
    cascades: Cascades
    pile_on: Ints


def planted(cast: Cast, rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Returns the posts with `count` pile-ons among them. Raises WrongUse if there are too few posts for as many."""
    if not count:
        return rows
    most = min(MOST, rows.ms.size // PART // count)
    roots = _roots(cast, rows, count, rng)
    free = _free(cast, rows, roots, rng)
    sizes = rng.integers(FEWEST, max(most, FEWEST) + 1, count)
    if most < FEWEST or roots.size < count or sizes.sum() > free.size:
        fix = f"Give at least {FEWEST * PART * count:,} posts"
        raise WrongUse(f"{rows.ms.size:,} posts are too few for {count:,} pile-ons", fix)
    for root, replies in zip(roots.tolist(), np.split(free[: sizes.sum()], np.cumsum(sizes)[:-1]), strict=True):
        _plant(rows, root, replies, rng)
    return _in_order(rows)


def _roots(cast: Cast, rows: Rows, count: int, rng: np.random.Generator) -> Ints:
    """Returns the posts under which replies are planted. No post says that one of them was deleted."""
    seen = np.ones(rows.ms.size, np.bool_)
    seen[rows.cascades.target[rows.cascades.missing]] = False
    is_root = seen & (rows.cascades.kind == ORIGINAL) & (rows.author >= cast.first_person)
    found = np.flatnonzero(is_root & (rows.ms < END_MS - LAST_DAYS * DAY_MS))
    return rng.permutation(found)[:count]


def _free(cast: Cast, rows: Rows, roots: Ints, rng: np.random.Generator) -> Ints:
    """Returns posts that may become replies: at most one of each person, and none that another post refers to."""
    is_free = (rows.cascades.uses == 0) & (rows.author >= cast.first_person) & ~np.isin(rows.author, rows.author[roots])
    found = rng.permutation(np.flatnonzero(is_free))
    return rng.permutation(found[np.unique(rows.author[found], return_index=True)[1]])


def _plant(rows: Rows, root: int, replies: Ints, rng: np.random.Generator) -> None:
    """Makes posts replies below a post."""
    count = replies.size
    delay = np.sort(rng.exponential(MEAN_DELAY_MS, count)).astype(np.int64) + 1000 * np.arange(1, count + 1)
    before = (rng.random(count) * np.arange(count)).astype(np.int64)
    to_reply = (rng.random(count) >= DIRECT_SHARE) & (np.arange(count) > 0)
    rows.ms[replies] = np.minimum(rows.ms[root] + delay, END_MS - count + np.arange(count))
    rows.subject[replies], rows.second[replies] = rows.subject[root], NO_POST
    rows.cascades.kind[replies], rows.cascades.missing[replies] = REPLY, False
    rows.cascades.target[replies] = np.where(to_reply, replies[before], root)
    rows.pile_on[replies] = root


def _in_order(rows: Rows) -> Rows:
    """Returns the posts in the order of time, with the numbers that they have there."""
    order = np.argsort(rows.ms, kind="stable")
    number = np.empty_like(order)
    number[order] = np.arange(order.size)
    kind, target, pile_on = (
        rows.cascades.kind[order],
        *(np.where(old[order] >= 0, number[old[order]], NO_POST) for old in (rows.cascades.target, rows.pile_on)),
    )
    uses = np.bincount(target[target >= 0], minlength=order.size)
    cascades = Cascades(kind, target, rows.cascades.missing[order], conversations_of(kind, target), uses)
    ms, author, subject, second = (column[order] for column in (rows.ms, rows.author, rows.subject, rows.second))
    return Rows(ms, author, subject, second, cascades, pile_on)
