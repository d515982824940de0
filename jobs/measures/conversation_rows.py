"""The figures of conversations by day and window, counted by NumPy from all posts of some whole conversations.

`jobs/graphs/conversation_posts.py` runs this on Spark's driver or in Python workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.framework.local import arrow_schema
from jobs.measures.ballots import Floats, Ints, Spans
from jobs.measures.grouped import codes, distinct, paired
from jobs.measures.mentions import BITS
from jobs.measures.reply_trees import NONE, trees

TOP = {"day": 100, "window": 100}
"""The most conversations of a period."""
RANKED_BY = (("posts", False), ("authors", False), ("first_at", True), ("source", True), ("root", True))
"""The columns by which the conversations of a period are ranked, and whether the least is the first."""
STAR_SHARE, POSTS_A_LEVEL = (3, 4), (3, 2)
"""A conversation is a star if at least this part of its replies answers the first post itself; else it is a chain if it
has at most so many replies for each step below the first post that has any; else it is a tree."""
ROWS = (
    "period string, period_start timestamp, period_end timestamp, rank int, source string, root string, "
    "author string, posts bigint, authors bigint, depth bigint, widest bigint, shape string, first_at timestamp, "
    "last_at timestamp, half_life_seconds double, share_flagged double, share_strangers double, candidate string"
)
"""The schema of `counted`. `author` is that of the first post; null if it is not among the posts."""
SCHEMA = arrow_schema(ROWS)
_LOW = 0xFFFFFFFF


def counted(posts: pa.Table, spans: Sequence[Spans], candidates: Sequence[str], *, flags: bool) -> pa.RecordBatch:
    """Returns a row per period and conversation, the first TOP of each period by their number of replies.

    `posts` are all posts of some conversations, in order of time, with author, at_us, what `trees` needs, first_us (of
    the author's first post, of whichever kind), marked (whether the author is flagged; only with `flags`), and the
    masks of `with_masks`. `candidates` are ids, in the order of the masks' bits.
    """
    of = _Replies(posts)
    parts = [_of_spans(of, some, candidates, flags=flags) for some in spans if len(of.at)]
    columns = {name: [value for part in parts for value in part[name]] for name in SCHEMA.names}
    return pa.RecordBatch.from_pydict(columns, SCHEMA)


class _Replies:
    """The replies among posts, as numbers: `at` has the row of each, and all else is by row."""

    def __init__(self, posts: pa.Table) -> None:
        self.trees = trees(posts)
        self.at = np.flatnonzero(self.trees.depth > 0)
        self.names = posts["author"]
        self.author = codes(self.names)
        self.at_us, self.first_us = posts["at_us"].to_numpy(), posts["first_us"].to_numpy()
        self.marked = posts["marked"].to_numpy().astype(np.int64)
        self.masks = [posts[name].to_numpy() for name in posts.column_names if name.startswith("mask_")]


@dataclass(frozen=True)
class _Groups:
    """The replies of each period and conversation.

    `order` has the rows of replies by group, in each in the order of time, and `group` the group of each of these. By
    group: `period` and `root`, their numbers; `posts`, how many replies it has, and `first`, the place of its first.
    """

    order: Ints
    group: Ints
    period: Ints
    root: Ints
    posts: Ints
    first: Ints

    def sums(self, value: Any) -> Ints:
        """Returns the sum, by group, of what the replies have."""
        return np.bincount(self.group, value, minlength=len(self.posts)).astype(np.int64)

    def only(self, some: Ints) -> "_Groups":
        """Returns some of the groups, by their numbers in order, with new numbers."""
        number = np.full(len(self.posts), NONE)
        number[some] = np.arange(len(some))
        kept, posts = number[self.group] != NONE, self.posts[some]
        first = np.cumsum(posts) - posts
        return _Groups(self.order[kept], number[self.group[kept]], self.period[some], self.root[some], posts, first)


def _of_spans(of: _Replies, spans: Spans, candidates: Sequence[str], *, flags: bool) -> dict[str, list[Any]]:
    """Returns the columns of SCHEMA for the periods of one kind."""
    place = spans.place(of.at_us[of.at])
    rows, place = of.at[place >= 0], place[place >= 0]
    keys, group = np.unique(paired(place, of.trees.root[rows]), return_inverse=True)
    order, posts = rows[np.argsort(group, kind="stable")], np.bincount(group, minlength=len(keys))
    groups = _Groups(order, np.sort(group), keys >> 32, keys & _LOW, posts, np.cumsum(posts) - posts)
    authors = distinct(groups.group, of.author[order])
    some = _foremost(groups.period, posts, authors, of.at_us[order[groups.first]], TOP[spans.period])
    groups = groups.only(some)
    found = _places(of, spans, groups, authors[some])
    chosen, ranks = _ranked(found, TOP[spans.period])
    figures = _figures(of, groups, candidates, flags=flags)
    whole = {**found.drop_columns(["number"]).take(chosen).to_pydict(), "rank": ranks.tolist()}
    return whole | {name: [values[one] for one in chosen.tolist()] for name, values in figures.items()}


def _foremost(period: Ints, posts: Ints, authors: Ints, first_at: Ints, top: int) -> Ints:
    """Returns the numbers of the groups that can be among the `top` of their period: those, and their equals.

    Names are not compared: most groups are of one reply, and to sort all by their names takes seconds.
    """
    order = np.lexsort((first_at, -authors, -posts, period))
    by = [values[order] for values in (period, posts, authors, first_at)]
    is_new = np.logical_or.reduce([np.diff(values, prepend=values[:1] - 1) != 0 for values in by])
    best = _ranks(by[0])[np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))]
    return np.sort(order[best <= top])


def _ranks(period: Ints) -> Ints:
    """Returns the place of each element within its period, from 1; those of a period stand together."""
    starts = np.flatnonzero(np.diff(period, prepend=-1))
    return np.arange(len(period)) - np.repeat(starts, np.diff(starts, append=len(period))) + 1


def _places(of: _Replies, spans: Spans, groups: _Groups, authors: Ints) -> pa.Table:
    """Returns what tells the groups apart, and orders them; `number` is that of the period."""
    names = of.trees.names.take(pa.array(groups.root)).to_pylist()
    pairs = [name.partition(" ") for name in names]
    columns = {
        "number": groups.period,
        "period": pa.repeat(spans.period, len(names)),
        "period_start": spans.starts[groups.period],
        "period_end": spans.ends[groups.period],
        "source": pa.array([source for source, _, _ in pairs], pa.string()),
        "root": pa.array([root for _, _, root in pairs], pa.string()),
        "posts": groups.posts,
        "authors": authors,
        "first_at": of.at_us[groups.order[groups.first]],
    }
    return pa.table(columns)


def _ranked(found: pa.Table, top: int) -> tuple[Ints, Ints]:
    """Returns the groups that are published, period by period, and the rank of each, as RANKED_BY says."""
    by = [(name, "ascending" if least else "descending") for name, least in RANKED_BY]
    order = pa.compute.sort_indices(found, sort_keys=[("number", "ascending"), *by]).to_numpy().astype(np.int64)
    rank = _ranks(found["number"].to_numpy()[order])
    return order[rank <= top], rank[rank <= top]


def _figures(of: _Replies, groups: _Groups, candidates: Sequence[str], *, flags: bool) -> dict[str, Sequence[Any]]:
    """Returns the figures of all groups, by column."""
    order, first, posts = groups.order, groups.first, groups.posts
    depth = of.trees.depth[order]
    levels, at_level = np.unique(paired(groups.group, depth), return_counts=True)
    widest = np.zeros(len(posts), np.int64)
    np.maximum.at(widest, levels >> 32, at_level)
    first_us, half_us, last_us = (
        of.at_us[order[first + more]] for more in (np.zeros_like(posts), (posts + 1) // 2 - 1, posts - 1)
    )
    deepest = np.zeros(len(posts), np.int64)
    np.maximum.at(deepest, groups.group, depth)
    row = of.trees.row[groups.root]
    return {
        "author": of.names.take(pa.array(row, mask=row == NONE)).to_pylist(),
        "depth": deepest.tolist(),
        "widest": widest.tolist(),
        "shape": _shapes(posts, groups.sums(depth == 1), np.bincount(levels >> 32, minlength=len(posts))),
        "last_at": last_us.tolist(),
        "half_life_seconds": ((half_us - first_us) / 1e6).tolist(),
        "share_flagged": (groups.sums(of.marked[order]) / posts).tolist() if flags else [None] * len(posts),
        "share_strangers": [None if np.isnan(share) else float(share) for share in _strangers(of, groups)],
        "candidate": _most_named(of, groups, candidates),
    }


def _shapes(posts: Ints, direct: Ints, levels: Ints) -> list[str]:
    (part, whole), (most, per) = STAR_SHARE, POSTS_A_LEVEL
    is_star, is_chain = whole * direct >= part * posts, per * posts <= most * levels
    return np.where(is_star, "star", np.where(is_chain, "chain", "tree")).tolist()  # type: ignore[no-any-return]


def _strangers(of: _Replies, groups: _Groups) -> Floats:
    """Returns the share of the accounts that had posted nothing before, without the first post's author; NaN if none.

    An account counts if its first reply of the group is its first post of all that were read.
    """
    pairs, at = np.unique(paired(groups.group, of.author[groups.order]), return_index=True)
    group, author, row = pairs >> 32, pairs & _LOW, groups.order[at]
    beginning = of.trees.row[groups.root]
    began = np.where(beginning == NONE, NONE, of.author[beginning])
    other = author != began[group]
    new = other & (of.first_us[row] >= of.at_us[row])
    others, strangers = (np.bincount(group, each, minlength=len(groups.posts)) for each in (other, new))
    return np.where(others > 0, strangers / np.maximum(others, 1), np.nan)


def _most_named(of: _Replies, groups: _Groups, candidates: Sequence[str]) -> list[str | None]:
    """Returns the candidate whom most replies mention, if at least half of them do; of equal ones the first."""
    most, named = np.zeros(len(groups.posts), np.int64), np.full(len(groups.posts), NONE)
    for number in range(len(candidates)):
        bits = of.masks[number // BITS][groups.order] >> (number % BITS) & 1
        mentioned = groups.sums(bits)
        more = (mentioned > most) & (2 * mentioned >= groups.posts)
        most[more], named[more] = mentioned[more], number
    return [None if number == NONE else candidates[number] for number in named.tolist()]
