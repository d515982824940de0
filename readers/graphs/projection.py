"""Projects a graph with two kinds of nodes onto one of them: an edge joins two nodes that share an item.

The nodes of the one kind are compared by the nodes of the other kind, the items, that they have edges to. With Nᵢ the
items of node i, and wᵢₖ the posts on its edge to the item k, the weight of an edge is

- `count`: |Nᵢ ∩ Nⱼ|, the number of shared items;
- `jaccard`: |Nᵢ ∩ Nⱼ| / |Nᵢ ∪ Nⱼ|;
- `cosine`: Σₖ wᵢₖ wⱼₖ / √(Σₖ wᵢₖ² · Σₖ wⱼₖ²).

An item of many nodes joins all of them, which says little and takes long. So of an item's nodes, only MOST_COMPARED are
compared with each other: those with the most posts, equal ones in the order of their names. This can only lower a
weight, since |Nᵢ|, |Nⱼ| and the sums below the line count all items. Of each node's edges, the `top` with the highest
weight are kept, equal ones in the order of the other node's name; an edge stays if either of its ends keeps it.

Memory is linear in edges and in nodes times `top`: products of sparse matrices are made a band of rows at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

By = Literal["count", "jaccard", "cosine"]
BYS: tuple[By, ...] = get_args(By)
MOST_COMPARED = 200
"""The most nodes of an item that are compared with each other."""
TOP = 50
"""The edges of each node that are kept, unless --top says otherwise."""
BAND = 2_000_000
"""About so many products are made at once, in some 150 MB."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Cut(NamedTuple):
    """What was left out: `items` had more than MOST_COMPARED nodes, and `pairs` of their nodes were not compared."""

    items: int
    pairs: int


@dataclass(frozen=True)
class Projection:
    """The edges, each once, with `src` < `dst`; `shared` is the number of items by which they were compared.

    `found` is the number of edges before only the strongest of each node were kept.
    """

    src: Ints
    dst: Ints
    weight: Floats
    shared: Ints
    found: int
    cut: Cut


class TwoMode(NamedTuple):
    """A two-mode graph: for each edge its node, its item and its posts; and the numbers of nodes and of items.

    Nodes are numbered in the order of their names, items in any order. A node and an item have at most one edge.
    """

    node: Ints
    item: Ints
    posts: Ints
    nodes: int
    items: int


class _Edges(NamedTuple):
    row: Ints
    col: Ints
    weight: Floats
    shared: Ints


def project(graph: TwoMode, by: By, top: int = TOP, most: int = MOST_COMPARED) -> Projection:
    """Returns the projection onto the graph's nodes."""
    kept, cut = _compared(graph, most)
    nothing = np.zeros(0, np.int64)
    found, parts = 0, [_Edges(nothing, nothing, np.zeros(0), nothing)]
    for edges in _bands(graph, kept, by):
        found += int((edges.row < edges.col).sum())
        parts.append(_strongest(edges, top))
    row, col, weight, shared = (np.concatenate(column) for column in zip(*parts, strict=True))
    src, dst = np.minimum(row, col), np.maximum(row, col)
    once = np.unique(src * graph.nodes + dst, return_index=True)[1]
    return Projection(src[once], dst[once], weight[once], shared[once], found, cut)


def _compared(graph: TwoMode, most: int) -> tuple[NDArray[np.bool_], Cut]:
    """Returns for each edge whether its node is compared by its item, and what is left out."""
    sizes = np.bincount(graph.item, minlength=graph.items)
    order = np.lexsort((graph.node, -graph.posts, graph.item))
    kept = np.zeros(len(order), np.bool_)
    kept[order] = _place(graph.item[order]) < most
    large = sizes[sizes > most]
    return kept, Cut(len(large), int((large * (large - 1) // 2).sum()) - len(large) * (most * (most - 1) // 2))


def _place(group: Ints) -> Ints:
    """Returns the place of each element in its group, from 0. Elements of a group stand side by side."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(starts, np.diff(np.append(starts, len(group))))


def _bands(graph: TwoMode, kept: NDArray[np.bool_], by: By) -> Iterator[_Edges]:
    """Yields the pairs of different nodes that share an item, both ways, a band of rows after the other."""
    if not graph.nodes:
        return
    squares = np.bincount(graph.node, graph.posts.astype(np.float64) ** 2, graph.nodes)
    degree = np.bincount(graph.node, minlength=graph.nodes)
    ones = _matrix(graph, kept, posts=False)
    heavy = _matrix(graph, kept, posts=True) if by == "cosine" else ones
    work = ones @ np.bincount(graph.item[kept], minlength=graph.items)
    starts = np.flatnonzero(np.diff(np.cumsum(work) // BAND, prepend=-1))
    back, heavy_back = ones.T.tocsr(), heavy.T.tocsr()
    for first, last in zip(starts, [*starts[1:], graph.nodes], strict=True):
        product = _sorted(ones[first:last] @ back)
        row = np.repeat(np.arange(first, last), np.diff(product.indptr))
        col, shared = product.indices.astype(np.int64), product.data.astype(np.int64)
        if by == "cosine":
            weight = _sorted(heavy[first:last] @ heavy_back).data / np.sqrt(squares[row] * squares[col])
        elif by == "jaccard":
            weight = shared / (degree[row] + degree[col] - shared)
        else:
            weight = shared.astype(np.float64)
        others = row != col
        yield _Edges(row[others], col[others], weight[others], shared[others])


def _matrix(graph: TwoMode, kept: NDArray[np.bool_], *, posts: bool) -> csr_matrix:
    values = graph.posts[kept].astype(np.float64) if posts else np.ones(np.count_nonzero(kept))
    return csr_matrix((values, (graph.node[kept], graph.item[kept])), shape=(graph.nodes, graph.items))


def _sorted(product: Any) -> Any:
    """Returns a matrix with the columns of each row in order, so that two of the same pattern fit."""
    product.sort_indices()
    return product


def _strongest(edges: _Edges, top: int) -> _Edges:
    order = np.lexsort((edges.col, -edges.weight, edges.row))
    kept = order[_place(edges.row[order]) < top]
    return _Edges(edges.row[kept], edges.col[kept], edges.weight[kept], edges.shared[kept])
