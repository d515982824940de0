"""The figures of families by day and window, counted by NumPy from the posts of some whole families.

`jobs/graphs/family_posts.py` runs this on Spark's driver or in Python workers.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jobs.measures.ballots import Spans
from jobs.measures.grouped import codes, distinct, paired
from jobs.measures.wordings import Ints

TOP = {"day": 100, "window": 500}
"""The most families of a period."""
RANKED_BY = (("authors", False), ("posts", False), ("first_at", True), ("source", True), ("post_id", True))
"""The columns by which the families of a period are ranked, and whether the least is the first."""
FEWEST_AUTHORS = 2
"""A text of fewer accounts is no family."""
MOST_LINKS = 3
LONGEST_TEXT, LONGEST_LINK = 1000, 1000
"""Characters. Of a longer text, only the beginning is read and published; a longer link is left out."""
DAY_US = 86_400_000_000
ROWS = (
    "period string, period_start timestamp, period_end timestamp, rank int, family string, text string, "
    "post_id string, source string, posts bigint, authors bigint, texts bigint, sources array<string>, "
    "first_at timestamp, last_at timestamp, half_life_seconds double, share_flagged double, "
    "new_account_share double, links array<string>, large_bands bigint"
)
"""The schema of `counted`: the columns of the table text_families, without those of the run."""
_ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "timestamp": pa.timestamp("us", "UTC"),
    "array<string>": pa.list_(pa.string()),
}
SCHEMA = pa.schema([(name, _ARROW[kind]) for name, kind in (field.split() for field in ROWS.split(", "))])
Columns = Mapping[str, Any]


def in_order(posts: pa.Table) -> pa.Table:
    """Returns posts in the order of time: by at_us, source and post_id."""
    return posts.sort_by([("at_us", "ascending"), ("source", "ascending"), ("post_id", "ascending")])


def counted(posts: pa.Table, spans: Sequence[Spans], new_days: float, *, flags: bool) -> pa.RecordBatch:
    """Returns a row per period and family, the first TOP of each period by their number of authors.

    `posts` are all posts of some families, in order of time, with family (any number), author, at_us, source, post_id,
    folded, text, created_us (null if unknown), marked (whether the author is flagged; only with `flags`), links (a
    list) and large_bands. An account is new if it was opened less than `new_days` before its first post in the row.
    """
    of = _Posts(posts)
    parts = [_of_spans(of, some, new_days, flags=flags) for some in spans if of.table.num_rows]
    columns = {name: [value for part in parts for value in part[name]] for name in SCHEMA.names}
    return pa.RecordBatch.from_pydict(columns, SCHEMA)


class _Posts:
    """The posts of families of at least FEWEST_AUTHORS authors in the window, as numbers."""

    def __init__(self, posts: pa.Table) -> None:
        family, author = codes(posts["family"]), codes(posts["author"])
        authors = np.bincount(np.unique(paired(family, author)) >> 32, minlength=1)
        self.table = posts.filter(pa.array(authors[family] >= FEWEST_AUTHORS))
        table = self.table
        self.family, self.author = codes(table["family"]), codes(table["author"])
        self.at_us, self.text = table["at_us"].to_numpy(), codes(table["folded"])
        self.source, self.sources = codes(table["source"]), table["source"].unique().to_pylist()
        self.marked = table["marked"].to_numpy().astype(np.int64)
        self.created_us = _least(self.author, table["created_us"])
        count = int(self.family.max(initial=-1)) + 1
        self.first = np.unique(self.family, return_index=True)[1]  # the first post of each family, its earliest text
        self.large = np.zeros(count, np.int64)
        np.maximum.at(self.large, self.family, table["large_bands"].to_numpy())


def _least(author: Ints, created_us: pa.ChunkedArray) -> "npt.NDArray[np.float64]":
    """Returns when the account of each author was opened, as its posts tell; NaN if none does."""
    least = np.full(int(author.max(initial=-1)) + 1, np.inf)
    known = np.flatnonzero(pc.is_valid(created_us).to_numpy())
    np.minimum.at(least, author[known], created_us.take(pa.array(known)).to_numpy())
    return np.where(np.isinf(least), np.nan, least)


def _of_spans(of: _Posts, spans: Spans, new_days: float, *, flags: bool) -> Columns:
    """Returns the columns of SCHEMA for the periods of one kind."""
    place = spans.place(of.at_us)
    inside = np.flatnonzero(place >= 0)
    keys, group = np.unique(paired(place[inside], of.family[inside]), return_inverse=True)
    order = inside[np.argsort(group, kind="stable")]  # by group; in each, in the order of time
    group = np.sort(group)
    posts, authors = np.bincount(group), distinct(group, of.author[order])
    groups = _Groups(keys, group, order, posts, authors)
    return _columns(of, spans, groups, _ranked(groups, of, TOP[spans.period]), new_days, flags=flags)


class _Groups:
    """The posts of each period and family: `order` has the posts' numbers by group, and `keys` what each group is."""

    def __init__(self, keys: Ints, group: Ints, order: Ints, posts: Ints, authors: Ints) -> None:
        self.period, self.family = keys >> 32, keys & 0xFFFFFFFF
        self.group, self.order, self.posts, self.authors = group, order, posts, authors
        self.first = np.cumsum(posts) - posts


def _ranked(groups: _Groups, of: _Posts, top: int) -> Columns:
    """Returns the groups that are published, period by period, and the rank of each, as RANKED_BY says."""
    chosen = np.flatnonzero(groups.authors >= FEWEST_AUTHORS)
    earliest = of.table.select(["source", "post_id"]).take(pa.array(of.first[groups.family[chosen]]))
    names = [earliest[name].to_numpy().astype(str) for name in ("post_id", "source")]
    first_us = of.at_us[groups.order[groups.first[chosen]]]
    by = (*names, first_us, -groups.posts[chosen], -groups.authors[chosen], groups.period[chosen])
    chosen = chosen[np.lexsort(by)]
    starts = np.flatnonzero(np.diff(groups.period[chosen], prepend=-1))
    rank = np.arange(len(chosen)) - np.repeat(starts, np.diff(starts, append=len(chosen))) + 1
    return {"group": chosen[rank <= top], "rank": rank[rank <= top]}


def _columns(of: _Posts, spans: Spans, groups: _Groups, top: Columns, new_days: float, *, flags: bool) -> Columns:
    chosen, order, group = top["group"], groups.order, groups.group
    period, family = groups.period[chosen], groups.family[chosen]
    posts, first = groups.posts[chosen], groups.first[chosen]
    first_us, half_us, last_us = (
        of.at_us[order[first + more]] for more in (np.zeros_like(posts), (posts + 1) // 2 - 1, posts - 1)
    )
    earliest = of.table.take(pa.array(of.first[family]))
    marked = np.bincount(group, of.marked[order], minlength=len(groups.posts))[chosen]
    return {
        "period": [spans.period] * len(chosen),
        "period_start": spans.starts[period].tolist(),
        "period_end": spans.ends[period].tolist(),
        "rank": top["rank"].tolist(),
        "family": [family_id(text) for text in earliest["folded"].to_pylist()],
        "text": [text or "" for text in earliest["text"].to_pylist()],
        "post_id": earliest["post_id"].to_pylist(),
        "source": earliest["source"].to_pylist(),
        "posts": posts.tolist(),
        "authors": groups.authors[chosen].tolist(),
        "texts": distinct(group, of.text[order])[chosen].tolist(),
        "sources": _sources(of, groups, chosen),
        "first_at": first_us.tolist(),
        "last_at": last_us.tolist(),
        "half_life_seconds": ((half_us - first_us) / 1e6).tolist(),
        "share_flagged": (marked / posts).tolist() if flags else [None] * len(chosen),
        "new_account_share": [None if np.isnan(x) else float(x) for x in _new(of, groups, new_days)[chosen]],
        "links": _links(of, groups, chosen),
        "large_bands": of.large[family].tolist(),
    }


def family_id(folded: str) -> str:
    """Returns the id of a family, from the folded text of its earliest post."""
    return hashlib.sha256(folded.encode()).hexdigest()[:16]


def _sources(of: _Posts, groups: _Groups, chosen: Ints) -> list[list[str]]:
    found: dict[int, list[str]] = {int(one): [] for one in chosen}
    for joint in np.unique(paired(groups.group, of.source[groups.order])).tolist():
        if joint >> 32 in found:
            found[joint >> 32].append(of.sources[joint & 0xFFFFFFFF])
    return [sorted(found[int(one)]) for one in chosen]


def _new(of: _Posts, groups: _Groups, new_days: float) -> "npt.NDArray[np.float64]":
    """Returns the share of new accounts among those whose age is known; NaN where none is.

    As for bots, an account that is told to be younger than its post is not new: a server tells when it came to know it.
    """
    joint, at = np.unique(paired(groups.group, of.author[groups.order]), return_index=True)  # the author's first post
    group, age_us = joint >> 32, of.at_us[groups.order[at]] - of.created_us[joint & 0xFFFFFFFF]
    known, count = ~np.isnan(age_us), len(groups.posts)
    new = np.bincount(group, (age_us >= 0) & (age_us < new_days * DAY_US), minlength=count)
    of_known = np.bincount(group, known, minlength=count)
    return np.where(of_known > 0, new / np.maximum(of_known, 1), np.nan)


def _links(of: _Posts, groups: _Groups, chosen: Ints) -> list[list[str]]:
    """Returns the first MOST_LINKS different links of each group."""
    at = np.flatnonzero(np.isin(groups.group, chosen))
    lists = of.table["links"].take(pa.array(groups.order[at])).combine_chunks()
    links = pc.list_flatten(lists)
    if not len(links):
        return [[] for _ in chosen]
    group = groups.group[at][pc.list_parent_indices(lists).to_numpy()]
    encoded = links.dictionary_encode()
    joint, first = np.unique(paired(group, encoded.indices.to_numpy().astype(np.int64)), return_index=True)
    found: dict[int, list[str]] = {int(one): [] for one in chosen}
    for _, one in sorted(zip(first.tolist(), joint.tolist(), strict=True)):
        link = encoded.dictionary[one & 0xFFFFFFFF].as_py()
        if len(link) <= LONGEST_LINK and len(found[one >> 32]) < MOST_LINKS:
            found[one >> 32].append(link)
    return [found[int(one)] for one in chosen]
