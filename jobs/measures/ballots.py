"""One author, one vote, in NumPy: posts become votes, and votes become shares with their intervals.

Each author who mentions anyone in a race has one vote in a period. It is split over the candidates in proportion to
that author's mentioning posts. `count` needs all posts of an author at once, but not all authors at once: `merged`
joins the counts of groups of authors. `votes.py` runs both in Spark.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Counts = Mapping[str, npt.NDArray[Any]]
"""Columns of equal length, by name. One row per race, period and candidate, also for candidates nobody mentioned.

The columns are KEY, OF_RACE, OF_CANDIDATE, and one per kind of post: the candidate's mentioning posts of that kind.
"""
KEY = ("race", "spans", "place", "candidate")
"""Numbers: of the race, of the kind of period, of the period within its kind, of the candidate within the race."""
OF_RACE = ("posts_total", "authors_total", "unflagged_total", "ungrouped_total")
"""The posts that mention anyone in the race in the period, their authors, and the unflagged ones and those in no group
among these."""
VOTES_LEFT = ("unflagged_votes", "ungrouped_votes")
OF_CANDIDATE = ("authors", "votes", "deviations", *VOTES_LEFT)
"""The authors who mention the candidate, the sum of their votes, the sum of the squared deviations of these votes from
their mean, and the sums of the votes of the unflagged ones and of those in no group among them."""


class Spans(NamedTuple):
    """The periods of one kind, in order and without overlap: half-open, in microseconds since 1970."""

    period: str
    starts: Ints
    ends: Ints

    def place(self, at_us: Ints) -> Ints:
        """Returns for each instant the number of its period; -1 for an instant that lies in none."""
        place = np.searchsorted(self.starts, at_us, side="right") - 1
        return np.where((place >= 0) & (at_us < self.ends[place]), place, -1)


@dataclass(frozen=True)
class Ballots:
    """All posts of some authors that mention a candidate: one element or row per post.

    The posts of an author stand together, in order of time. `voter` numbers the authors, from 0; `kind` numbers the
    kinds of post. `mentioned` has a column per candidate. `flagged` and `grouped` have an element per author: whether
    the bot rules flag the author, and whether the author is in a group that acts together.
    """

    voter: Ints
    at_us: Ints
    kind: Ints
    mentioned: Bools
    flagged: Bools
    grouped: Bools


def count(ballots: Ballots, spans: Spans, kinds: Sequence[str], race: int = 0, number: int = 0) -> Counts:
    """Returns the counts of one race in the periods of one kind; `mentioned` has the columns of this race only.

    `kinds` names the columns that count posts by kind. `race` and `number` are the numbers of the race and of the kind
    of period.
    """
    place = spans.place(ballots.at_us)
    counted = (place >= 0) & ballots.mentioned.any(axis=1)
    places, period = _renumbered(place[counted])
    mentioned, kind = ballots.mentioned[counted], ballots.kind[counted]
    votes = _votes(ballots.voter[counted], period, mentioned)
    left = [~listed[votes.voter] for listed in (ballots.flagged, ballots.grouped)]
    of_race = (np.bincount(period), *(np.bincount(votes.period, some) for some in (None, *left)))
    by_kind = [_sums(period, mentioned & (kind == k)[:, None], len(places)) for k in range(len(kinds))]

    candidates = mentioned.shape[1]
    key = (np.full(len(places), race), np.full(len(places), number), places)
    repeated = dict(zip((*KEY[:3], *OF_RACE), (*key, *of_race), strict=True))
    figures = dict(zip((*OF_CANDIDATE, *kinds), (*_of_candidates(votes, left, len(places)), *by_kind), strict=True))
    return {
        **{name: np.repeat(values, candidates) for name, values in repeated.items()},
        "candidate": np.tile(np.arange(candidates), len(places)),
        **{name: values.ravel() for name, values in figures.items()},
    }


def _renumbered(numbers: Ints) -> tuple[Ints, Ints]:
    """Returns the numbers that occur, in order, and for each element the position of its number among these."""
    occurs = np.bincount(numbers) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[numbers]


class _Votes(NamedTuple):
    """One element or row per author and period: `posts` and `vote` have a column per candidate."""

    voter: Ints
    period: Ints
    posts: Ints
    vote: Floats


def _votes(voter: Ints, period: Ints, mentioned: Bools) -> _Votes:
    """Adds up the posts of each author in each period; they stand together."""
    first = np.flatnonzero((np.diff(voter, prepend=-1) != 0) | (np.diff(period, prepend=-1) != 0))
    if not len(first):
        empty = np.zeros((0, mentioned.shape[1]))
        return _Votes(voter, period, empty.astype(np.int64), empty)
    posts = np.add.reduceat(mentioned, first, axis=0, dtype=np.int64)
    return _Votes(voter[first], period[first], posts, posts / posts.sum(axis=1, keepdims=True))


def _of_candidates(votes: _Votes, left: Sequence[Bools], periods: int) -> list[Floats]:
    """Returns the figures of OF_CANDIDATE, each by period and candidate.

    `left` has, in the order of VOTES_LEFT, whose votes are left. Where nobody is left out, they are not added up again.
    """
    mentions = votes.posts > 0
    authors, sums = _sums(votes.period, mentions, periods), _sums(votes.period, votes.vote, periods)
    mean = sums / np.maximum(authors, 1)
    squares = np.where(mentions, (votes.vote - mean[votes.period]) ** 2, 0.0)
    of_left = [sums if some.all() else _sums(votes.period, votes.vote * some[:, None], periods) for some in left]
    return [authors, sums, _sums(votes.period, squares, periods), *of_left]


def _sums(group: Ints, values: Floats | Bools, groups: int) -> Floats:
    """Returns the sum of each column of `values`, one row per group."""
    return np.stack([np.bincount(group, weights=column, minlength=groups) for column in values.T], axis=1)


def merged(counts: Counts) -> Counts:
    """Returns one row per key, from the counts of several groups of authors that have no author in common.

    The squared deviations are joined as in Chan, Golub and LeVeque (1979): no term is negative, so no precision is
    lost.
    """
    order = np.lexsort([counts[name] for name in reversed(KEY)])
    rows = {name: values[order] for name, values in counts.items()}
    changes = [np.diff(rows[name], prepend=-1) != 0 for name in KEY]
    first = np.flatnonzero(np.logical_or.reduce(changes))
    if not len(first):
        return rows
    sums = {name: np.add.reduceat(values, first) for name, values in rows.items() if name not in KEY}
    group = np.repeat(np.arange(len(first)), np.diff(first, append=len(order)))
    mean = (sums["votes"] / np.maximum(sums["authors"], 1))[group]
    own = rows["votes"] / np.maximum(rows["authors"], 1)
    between = np.add.reduceat(rows["authors"] * (own - mean) ** 2, first)
    return {**{name: rows[name][first] for name in KEY}, **sums, "deviations": sums["deviations"] + between}


def share_posts(counts: Counts, posts: Ints) -> Floats:
    """Returns the candidate's mentioning posts, divided by their sum over the race's candidates, 0..1.

    `posts` are the mentioning posts of each row. All rows of a race and period must be there, in order of KEY.
    """
    first = np.flatnonzero(counts["candidate"] == 0)
    total = np.add.reduceat(posts, first) if len(first) else posts
    return np.asarray(posts / np.repeat(total, np.diff(first, append=len(posts))))


def share_authors(counts: Counts) -> Floats:
    """Returns the mean vote over all authors who mention anyone in the race, 0..1."""
    return np.asarray(counts["votes"] / counts["authors_total"])


def share_authors_no_bots(counts: Counts) -> Floats:
    """Returns the mean vote of the unflagged authors, 0..1; NaN if no author is left."""
    return _share_of(counts["unflagged_votes"], counts["unflagged_total"])


def share_authors_no_groups(counts: Counts) -> Floats:
    """Returns the mean vote of the authors in no group, 0..1; NaN if no author is left."""
    return _share_of(counts["ungrouped_votes"], counts["ungrouped_total"])


def _share_of(votes: Floats, authors: Ints) -> Floats:
    return np.where(authors > 0, votes / np.maximum(authors, 1), np.nan)


def interval_half_width(counts: Counts) -> Floats:
    """Returns half the width of the 95 % interval of the mean vote; NaN for a single author.

    It is computed from the sample variance. Authors who do not mention the candidate have a vote of 0. The squared
    deviations of the two groups of authors (those who mention the candidate, and the others) are added as in `merged`.
    """
    n, m, share = counts["authors_total"], counts["authors"], share_authors(counts)
    own_mean = counts["votes"] / np.maximum(m, 1)
    squares = counts["deviations"] + m * (own_mean - share) ** 2 + (n - m) * share**2
    return np.where(n > 1, Z_95 * np.sqrt(squares / np.maximum(n - 1, 1) / n), np.nan)
