"""Reply trees, in NumPy: which post began the conversation of each reply, and how many steps below it the reply is.

A reply is linked with the post that it answers, if that is among the posts at hand. If it is not, the reply is linked
with the first post of the conversation, where the network tells which one that is; it counts two steps below it, since
at least the answered post is between them. If the network does not tell, the answered post, of which nothing but the id
is known, begins the conversation. A reply that names only the first post is one step below it.

Links are followed to their end, however long the chain is: in each turn, the link of a post is replaced by the link of
the post to which it leads, so ten thousand steps take 14 turns. Times are not compared, since clocks of networks and
apps differ. Replies that answer each other in a circle can't be true. Then the earliest post of the circle begins the
conversation.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from jobs.measures.ballots import Ints

NONE = -1
_BETWEEN = " "


@dataclass(frozen=True)
class Trees:
    """The conversations of posts. Posts have numbers, which also those have that are only named.

    By row: `own`, the post's number; `root`, that of its conversation's first post; `depth`, the steps between the two,
    0 for the first post itself. By number: `names`, the network and the id; `row`, the row, NONE if there is none.
    """

    own: Ints
    root: Ints
    depth: Ints
    names: pa.Array
    row: Ints


def trees(posts: pa.Table) -> Trees:
    """Returns the conversations of posts, which are in the order of time, with source, post_id, answers and told.

    `answers` is the id of the answered post, `told` that of the first post as the network tells it; null if unknown.
    """
    (own, answers, told), names = _numbered(posts)
    row = np.full(len(names), NONE)
    row[own] = np.arange(len(own))
    link, steps = _links(own, answers, told, row)
    try:
        root, depth = _followed(link, steps)
    except _Circle:
        _cut_circles(link, steps, row)
        root, depth = _followed(link, steps)
    return Trees(own, root[own], depth[own], names, row)


def _numbered(posts: pa.Table) -> tuple[list[Ints], pa.Array]:
    """Returns the numbers of the posts in `post_id`, `answers` and `told`, NONE for null, and the name of each."""
    columns = [_named(posts, name) for name in ("post_id", "answers", "told")]
    chunks = [chunk for column in columns for chunk in column.chunks]
    found = pa.chunked_array(chunks, pa.large_string()).combine_chunks().dictionary_encode()
    numbers = pc.fill_null(found.indices, NONE).to_numpy().astype(np.int64)
    return np.split(numbers, 3), found.dictionary


def _named(posts: pa.Table, column: str) -> pa.ChunkedArray:
    joined = pc.binary_join_element_wise(posts["source"], posts[column], _BETWEEN)
    return (pa.chunked_array([joined]) if isinstance(joined, pa.Array) else joined).cast(pa.large_string())


def _links(own: Ints, answers: Ints, told: Ints, row: Ints) -> tuple[Ints, Ints]:
    """Returns, by number, the post with which each is linked, and by how many steps; others with themselves, by 0."""
    link, steps = np.arange(len(row)), np.zeros(len(row), np.int64)
    told = np.where(told == own, NONE, told)
    answers = np.where((answers == own) | (answers == NONE), told, answers)
    is_missing = row[answers] == NONE
    leads_on = is_missing & (told != NONE) & (told != answers)
    target = np.where(leads_on, told, answers)
    linked = target != NONE
    link[own[linked]] = target[linked]
    steps[own[linked]] = np.where(leads_on, 2, 1)[linked]
    return link, steps


class _Circle(Exception):
    """Some links lead in a circle."""


def _followed(link: Ints, steps: Ints) -> tuple[Ints, Ints]:
    """Returns, by number, where the links end, and after how many steps. Raises _Circle if some do not end."""
    root, depth = link, steps
    for _ in range(len(link).bit_length() + 1):
        if np.array_equal(link[root], root):  # where they end, not only where they are after so many steps
            return root, depth
        root, depth = root[root], depth + depth[root]
    raise _Circle


def _cut_circles(link: Ints, steps: Ints, row: Ints) -> None:
    """Links the earliest post of each circle with itself."""
    graph = csr_matrix((np.ones(len(link), np.bool_), link, np.arange(len(link) + 1)), shape=(len(link),) * 2)
    circle = np.asarray(connected_components(graph, directed=True, connection="strong")[1], np.int64)
    inside = np.flatnonzero(np.bincount(circle)[circle] > 1)
    in_order = inside[np.argsort(row[inside])]
    first = in_order[np.unique(circle[in_order], return_index=True)[1]]
    link[first], steps[first] = first, 0
