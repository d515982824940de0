"""The measures of many graphs at once, in numpy: the graphs of a bucket are measured as one graph of several parts.

If graphs share no node, it makes no difference to degrees, PageRank (scaled per graph) and components whether the
graphs are measured together or one by one. So ten thousand small graphs take no longer than one large graph. Only
communities are searched in one graph after the other.

Nodes are numbered graph by graph and, within a graph, by the hash of their name. Edges are sorted by start, then by
end. So the same edges give the same figures to the last bit, in whatever order they came.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from jobs.graphs.frames import DAMPING
from jobs.graphs.leiden import Ints, leiden

Floats = NDArray[np.float64]
PRECISION = 1e-9
"""The iteration ends when the L1 change of each graph's PageRank is under this."""
MAX_ROUNDS = 500
BAND = 500_000
"""Edges per thread; with fewer, one more thread costs more than it saves."""


@dataclass(frozen=True)
class Union:
    """Several graphs that share no node. Each graph and each node has at least one edge.

    `graph_of` is each node's graph, `name_of` the position of the node's name in the list of names. `src` and `dst` are
    node numbers; edges are sorted by both. `directed` says for each graph whether its edges have a direction.
    """

    graph_of: Ints
    name_of: Ints
    src: Ints
    dst: Ints
    weight: Ints
    directed: NDArray[np.bool_]

    @property
    def nodes(self) -> int:
        """The number of nodes of all graphs."""
        return len(self.graph_of)

    @cached_property
    def graph_of_edge(self) -> Ints:
        """The graph that each edge belongs to."""
        return self.graph_of[self.src]

    @cached_property
    def arcs(self) -> tuple[Ints, Ints, Ints]:
        """All edges as directed edges (from, to, weight). An undirected edge becomes two, one in each direction."""
        back = ~self.directed[self.graph_of_edge]
        if not back.any():
            return self.src, self.dst, self.weight
        return (
            np.concatenate([self.src, self.dst[back]]),
            np.concatenate([self.dst, self.src[back]]),
            np.concatenate([self.weight, self.weight[back]]),
        )

    @cached_property
    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """All edges as undirected edges: one (smaller, greater, weight) per pair; both directions are added."""
        ends = np.minimum(self.src, self.dst), np.maximum(self.src, self.dst)
        return _in_order(*ends, self.weight, self.nodes)


def union_of(number: Ints, src: Ints, dst: Ints, weight: Ints, names: int, directed: NDArray[np.bool_]) -> Union:
    """Returns the graphs 0, 1, 2, … as a union. `src` and `dst` are places in a list of `names` names.

    `number` is each edge's graph. With a single graph, every name must be an end of an edge.
    """
    if len(directed) > 1:
        src, dst = (np.int64(names) * number + end for end in (src, dst))
        found, places = np.unique(np.concatenate([src, dst]), return_inverse=True)
        graph_of, name_of = np.divmod(found, names)
        src, dst = places[: len(src)], places[len(src) :]
    else:
        graph_of, name_of = np.zeros(names, np.int64), np.arange(names)
    return Union(graph_of, name_of, *_in_order(src, dst, weight, len(graph_of)), directed)


def _in_order(src: Ints, dst: Ints, weight: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """Returns the edges sorted by src, then dst; equal ones are merged and their weights added."""
    matrix = csr_matrix((weight, (src, dst)), shape=(nodes, nodes))
    matrix.sum_duplicates()
    rows = np.repeat(np.arange(nodes, dtype=matrix.indices.dtype), np.diff(matrix.indptr))
    return rows, matrix.indices, matrix.data


def node_measures(union: Union, seed: int | None) -> dict[str, Any]:
    """Returns the columns NODE_MEASURES, one value per node. With `seed` None, `community` is None."""
    start, end, weight = union.arcs
    n = union.nodes
    return {
        "in_degree": np.bincount(end, minlength=n),
        "out_degree": np.bincount(start, minlength=n),
        "in_weight": np.bincount(end, weight, n).astype(np.int64),
        "out_weight": np.bincount(start, weight, n).astype(np.int64),
        "pagerank": pagerank(union),
        "component": largest_first(components(union), union.graph_of),
        "community": None if seed is None else largest_first(communities(union, seed), union.graph_of),
    }


def pagerank(union: Union) -> Floats:
    """Returns the weighted PageRank of each node, which sums to 1 over its graph; dangling mass is spread uniformly.

    PageRank is computed as in `jobs/graphs/pagerank.py`: it is proportional to the solution of y = (1 - d) + d W y
    (Gleich 2015, SIAM Review 57(3), section 3.2). So no round needs a sum over all nodes; at the end, y is divided by
    its sum.

    The rounds compute y only for nodes with both incoming and outgoing edges. For a node without an incoming edge, y is
    always 1 - d. No other node needs the y of a node without an outgoing edge, so it is computed once, after the
    rounds.
    """
    start, end, weight = union.arcs
    out = np.bincount(start, weight, union.nodes)
    ways = csr_matrix((weight, (end, start)), shape=(union.nodes, union.nodes))
    ways.data = ways.data * np.divide(DAMPING, out, where=out > 0, out=np.zeros_like(out))[ways.indices]
    reached = np.diff(ways.indptr) > 0
    core = reached & (out > 0)
    ranks = np.where(reached, 0, 1 - DAMPING)
    into_core = ways[core]
    ranks[core] = _settled(_columns(into_core, core), 1 - DAMPING + into_core @ ranks, union.graph_of[core])
    ranks = 1 - DAMPING + ways @ ranks
    return np.asarray(ranks / np.bincount(union.graph_of, ranks)[union.graph_of])


def _columns(matrix: csr_matrix, chosen: NDArray[np.bool_]) -> csr_matrix:
    """Returns these columns of a matrix, in half the time that SciPy takes."""
    kept = chosen[matrix.indices]
    place = np.cumsum(chosen, dtype=matrix.indices.dtype) - 1
    starts = np.concatenate([[0], np.cumsum(kept, dtype=matrix.indptr.dtype)])[matrix.indptr]
    shape = (matrix.shape[0], np.count_nonzero(chosen))
    return csr_matrix((matrix.data[kept], place[matrix.indices[kept]], starts), shape=shape)


def _settled(ways: csr_matrix, known: Floats, graph_of: Ints) -> Floats:
    """Returns the solution of y = known + ways y; at the end the L1 change of each graph is under half of PRECISION.

    It is half, since the nodes outside the core change by less than the core does. The rounds start from `known`,
    scaled so that one round would keep each graph's sum: so a quarter of the rounds is enough.
    """
    with _rounds_of(ways) as passed_on:
        sums, kept = (np.bincount(graph_of, some) for some in (known, passed_on(known)))
        ranks = known * (sums[graph_of] / (sums - kept)[graph_of])
        for _ in range(MAX_ROUNDS):
            following = passed_on(ranks)
            following += known
            change = np.bincount(graph_of, np.abs(following - ranks))
            total = np.bincount(graph_of, following)
            ranks = following
            if (change <= PRECISION / 2 * total).all():
                break
    return ranks


@contextmanager
def _rounds_of(ways: csr_matrix) -> Iterator[Callable[[Floats], Floats]]:
    """Yields a function that multiplies by the matrix; a large one is cut into bands of rows, one thread each.

    The bands give the same result to the last bit.
    """
    bands = min(os.cpu_count() or 1, ways.nnz // BAND + 1)
    cuts = np.searchsorted(ways.indptr, np.linspace(0, ways.nnz, bands + 1)[1:-1])
    parts = [ways[first:last] for first, last in pairwise([0, *cuts, ways.shape[0]])]
    with ThreadPoolExecutor(bands) as pool:
        yield lambda ranks: np.concatenate(list(pool.map(lambda part: part @ ranks, parts)))


def components(union: Union) -> Ints:
    """Returns a label for each node; all nodes of a weakly connected component have the same label."""
    shape = (union.nodes, union.nodes)
    edges = csr_matrix((np.ones(len(union.src), np.int8), (union.src, union.dst)), shape=shape)
    return np.asarray(connected_components(edges, directed=True, connection="weak")[1], np.int64)


def communities(union: Union, seed: int) -> Ints:
    """Returns a label for each node; all nodes of a community have the same label. Graphs are searched one by one."""
    lesser, greater, weight = union.pairs
    graphs = len(union.directed)
    node_at = np.searchsorted(union.graph_of, np.arange(graphs + 1))
    edge_at = np.searchsorted(union.graph_of[lesser], np.arange(graphs + 1))
    labels = np.empty(union.nodes, np.int64)
    for graph in range(graphs):
        first, last = node_at[graph], node_at[graph + 1]
        edges = slice(edge_at[graph], edge_at[graph + 1])
        pairs = lesser[edges] - first, greater[edges] - first, weight[edges]
        labels[first:last] = leiden(int(last - first), *pairs, seed) + first
    return labels


def largest_first(labels: Ints, graph_of: Ints) -> Ints:
    """Replaces the labels by numbers within each graph: 0 is the largest group; ties go by the first node."""
    _, first, label, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -size, graph_of[first]))
    graph = graph_of[first][order]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.searchsorted(graph, graph)
    return np.asarray(place[label])


def summary_measures(union: Union, nodes: dict[str, Any]) -> dict[str, Any]:
    """Returns the columns SUMMARY_MEASURES, one value per graph. `nodes` is the result of `node_measures`."""
    graphs = len(union.directed)
    node_count = np.bincount(union.graph_of, minlength=graphs)
    edge_count = np.bincount(union.graph_of_edge, minlength=graphs)
    pair_count = np.bincount(union.graph_of[union.pairs[0]], minlength=graphs)
    possible = node_count * (node_count - 1.0) / np.where(union.directed, 1, 2)
    giant = np.bincount(union.graph_of[nodes["component"] == 0], minlength=graphs)
    community = nodes["community"]
    return {
        "nodes": node_count,
        "edges": edge_count,
        "weight": np.bincount(union.graph_of_edge, union.weight, graphs).astype(np.int64),
        "density": edge_count / possible,
        "reciprocity": np.where(union.directed, 2 * (edge_count - pair_count) / edge_count, np.nan),
        "components": _groups(nodes["component"], union.graph_of, graphs),
        "giant_share": giant / node_count,
        "communities": None if community is None else _groups(community, union.graph_of, graphs),
        "modularity": None if community is None else modularity(union, community),
    }


def modularity(union: Union, community: Ints) -> Floats:
    """Returns Newman's modularity of each graph's communities on the undirected weighted graph, resolution 1."""
    graphs = len(union.directed)
    lesser, greater, weight = union.pairs
    inside = community[lesser] == community[greater]
    total = np.bincount(union.graph_of[lesser], weight, graphs)
    within = np.bincount(union.graph_of[lesser][inside], weight[inside], graphs)
    strength = np.bincount(lesser, weight, union.nodes) + np.bincount(greater, weight, union.nodes)
    most = int(community.max()) + 1
    keys, place = np.unique(union.graph_of * most + community, return_inverse=True)
    share = np.bincount(place, strength) / (2 * total[keys // most])
    return np.asarray(within / total - np.bincount(keys // most, share**2, graphs))


def _groups(labels: Ints, graph_of: Ints, graphs: int) -> Ints:
    """Returns how many labels each graph has; labels are counted from 0."""
    most = np.zeros(graphs, np.int64)
    np.maximum.at(most, graph_of, labels + 1)
    return most
