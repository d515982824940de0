"""The measures of many graphs at once, in numpy: the graphs of a bucket are measured as one graph of several parts.

Degrees, PageRank and components of a union of graphs that share no node are those of each graph alone, so that ten
thousand small graphs cost no more than one large one. Only communities are found graph by graph.

Nodes are numbered by graph, then in the order of their hashes, and edges sorted by their ends: the same edges give the
same figures to the last bit, whatever order they came in.
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
"""L1 change of a graph's PageRank at which the iteration ends."""
MAX_ROUNDS = 500
BAND = 500_000
"""Edges for which a thread of their own is worth its while."""


@dataclass(frozen=True)
class Union:
    """Graphs that share no node. `graph_of` and `name_of` are a node's, `src`, `dst` are node numbers, sorted.

    `directed` says it of each graph. Every graph has an edge, every node too.
    """

    graph_of: Ints
    name_of: Ints
    src: Ints
    dst: Ints
    weight: Ints
    directed: NDArray[np.bool_]

    @property
    def nodes(self) -> int:
        """How many nodes all graphs have."""
        return len(self.graph_of)

    @cached_property
    def graph_of_edge(self) -> Ints:
        """Which graph an edge belongs to."""
        return self.graph_of[self.src]

    @cached_property
    def arcs(self) -> tuple[Ints, Ints, Ints]:
        """Edges as directed ones: an undirected edge counts both ways. From, to, weight."""
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
        """Edges as undirected ones, one a pair, the weights of both directions added. Lesser, greater, weight."""
        ends = np.minimum(self.src, self.dst), np.maximum(self.src, self.dst)
        return _in_order(*ends, self.weight, self.nodes)


def union_of(number: Ints, src: Ints, dst: Ints, weight: Ints, names: int, directed: NDArray[np.bool_]) -> Union:
    """Edges of graphs 0, 1, 2, … with ends that are places among `names` names, as a union."""
    if len(directed) > 1:
        src, dst = (np.int64(names) * number + end for end in (src, dst))
        found, places = np.unique(np.concatenate([src, dst]), return_inverse=True)
        graph_of, name_of = np.divmod(found, names)
        src, dst = places[: len(src)], places[len(src) :]
    else:
        graph_of, name_of = np.zeros(names, np.int64), np.arange(names)
    return Union(graph_of, name_of, *_in_order(src, dst, weight, len(graph_of)), directed)


def _in_order(src: Ints, dst: Ints, weight: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """Edges by src, then dst; those that are the same as one, their weights added."""
    matrix = csr_matrix((weight, (src, dst)), shape=(nodes, nodes))
    matrix.sum_duplicates()
    rows = np.repeat(np.arange(nodes, dtype=matrix.indices.dtype), np.diff(matrix.indptr))
    return rows, matrix.indices, matrix.data


def node_measures(union: Union, seed: int | None) -> dict[str, Any]:
    """The columns NODE_MEASURES, one value a node. Without a seed there are no communities."""
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
    """Weighted PageRank of each graph, summing to 1 over it, dangling mass spread uniformly.

    Where a walk that reaches a node without a way out starts anew anywhere, PageRank is proportional to the solution
    of y = (1 - d) + d W y with that mass simply lost, W the share of a node's weight that each way out has: (Gleich
    2015, SIAM Review 57(3), section 3.2). So no round needs a sum over all nodes, and the last step is to divide.

    Rounds run over the core alone, the nodes with a way in and a way out: without a way in, y is 1 - d from the start;
    the y of a node without a way out is read by none, and the last step gives it.
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
    """These columns of a matrix, in half the time that SciPy takes."""
    kept = chosen[matrix.indices]
    place = np.cumsum(chosen, dtype=matrix.indices.dtype) - 1
    starts = np.concatenate([[0], np.cumsum(kept, dtype=matrix.indptr.dtype)])[matrix.indptr]
    shape = (matrix.shape[0], np.count_nonzero(chosen))
    return csr_matrix((matrix.data[kept], place[matrix.indices[kept]], starts), shape=shape)


def _settled(ways: csr_matrix, known: Floats, graph_of: Ints) -> Floats:
    """The solution of y = known + ways y: each graph's L1 change at the end is under half of PRECISION.

    Half, since what nodes outside the core take from it changes by less than the core does. The start is `known` at the
    scale at which a round would keep each graph's sum: from there a quarter of the rounds is enough.
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
    """What multiplies by a matrix: a large one by bands of rows side by side, which gives the same to the last bit."""
    bands = min(os.cpu_count() or 1, ways.nnz // BAND + 1)
    cuts = np.searchsorted(ways.indptr, np.linspace(0, ways.nnz, bands + 1)[1:-1])
    parts = [ways[first:last] for first, last in pairwise([0, *cuts, ways.shape[0]])]
    with ThreadPoolExecutor(bands) as pool:
        yield lambda ranks: np.concatenate(list(pool.map(lambda part: part @ ranks, parts)))


def components(union: Union) -> Ints:
    """A label for each node, the same over a weakly connected component."""
    shape = (union.nodes, union.nodes)
    edges = csr_matrix((np.ones(len(union.src), np.int8), (union.src, union.dst)), shape=shape)
    return np.asarray(connected_components(edges, directed=True, connection="weak")[1], np.int64)


def communities(union: Union, seed: int) -> Ints:
    """A label for each node, the same over a community; graph by graph."""
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
    """Labels from 0 within each graph, by falling size, then by the first node."""
    _, first, label, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -size, graph_of[first]))
    graph = graph_of[first][order]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.searchsorted(graph, graph)
    return np.asarray(place[label])


def summary_measures(union: Union, nodes: dict[str, Any]) -> dict[str, Any]:
    """The columns SUMMARY_MEASURES, one value a graph."""
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
    """Newman's modularity of each graph's communities on the undirected weighted graph, resolution 1."""
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
    """How many labels, counted from 0, each graph has."""
    most = np.zeros(graphs, np.int64)
    np.maximum.at(most, graph_of, labels + 1)
    return most
