"""Prunes a graph to a part that a person can look at. The steps are applied in the order of `Pruning`'s fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conf.errors import PulsoError
from conf.folding import fold_tag
from readers.graphs.names import name_shown
from readers.graphs.stored import StoredGraph

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pruning:
    """The conditions that nodes and edges must meet to be kept.

    `ego` is a node or, if only one node has it, its label. A leading @ or # and capital letters are allowed.

    `min_weight` keeps edges of at least that many posts. `backbone` keeps edges that are significant at this level:
    they have more posts than expected if the posts of an end were spread at random over its edges (disparity filter:
    Serrano, Boguñá and Vespignani 2009). `ego` keeps that node and all nodes within `steps` edges of it, whichever way
    edges point. `k_core` keeps nodes with at least that many kept neighbours. `top` keeps that many nodes: those with
    the highest PageRank, even if they have no edge.

    PageRank, communities and degrees are not computed again: they are those of the whole graph.
    """

    min_weight: int = 1
    backbone: float | None = None
    ego: str | None = None
    steps: int = 1
    k_core: int = 0
    top: int | None = None

    @property
    def nothing(self) -> bool:
        """Whether the whole graph is kept."""
        return self == Pruning(steps=self.steps)


@dataclass(frozen=True)
class Arrays:
    """A graph in memory: names, labels, PageRanks of nodes; src, dst (positions in the node list), weights of edges."""

    names: Sequence[str]
    labels: Sequence[str]
    pagerank: NDArray[np.float64]
    src: Ints
    dst: Ints
    weight: Ints
    directed: bool


@dataclass(frozen=True)
class Kept:
    """The result of pruning: for each node and each edge, in the order of reading, whether it is kept."""

    nodes: NDArray[np.bool_]
    edges: NDArray[np.bool_]


def arrays(graph: StoredGraph) -> Arrays:
    """Reads a graph into memory: some 150 bytes per node and 24 per edge."""
    names, labels, ranks = [], [], []
    for row in graph.nodes("node", "label", "pagerank"):
        names.append(row.node)
        labels.append(name_shown(row.node, row.label))
        ranks.append(row.pagerank)
    place = {name: number for number, name in enumerate(names)}
    ends = np.fromiter(
        ((place[row.src], place[row.dst], row.weight) for row in graph.edges("src", "dst", "weight")),
        np.dtype((np.int64, 3)),
    )
    src, dst, weight = np.ascontiguousarray(ends.T)
    return Arrays(names, labels, np.array(ranks), src, dst, weight, graph.directed)


def pruned(graph: Arrays, pruning: Pruning) -> Kept:
    """Returns flags for the nodes and edges kept. Raises PulsoError when the ego is not a node of the graph."""
    edges = graph.weight >= pruning.min_weight
    if pruning.backbone is not None:
        edges &= disparity(graph, edges) < pruning.backbone
    nodes = np.ones(len(graph.names), bool)
    if pruning.min_weight > 1 or pruning.backbone is not None:
        nodes = _ends(graph, edges)
    if pruning.ego is not None:
        nodes = _around(graph, edges, pruning.ego, pruning.steps)
    edges &= nodes[graph.src] & nodes[graph.dst]
    if pruning.k_core:
        nodes &= _coreness(graph, edges) >= pruning.k_core
    if pruning.top is not None:
        # By PageRank, then by name, so that a rerun keeps the same nodes.
        order = sorted(np.flatnonzero(nodes).tolist(), key=lambda n: (-graph.pagerank[n], graph.names[n]))
        nodes = np.zeros_like(nodes)
        nodes[order[: pruning.top]] = True
    return Kept(nodes, edges & nodes[graph.src] & nodes[graph.dst])


def disparity(graph: Arrays, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Returns each edge's significance.

    A low value means that the edge is unusually heavy for one of its ends; an edge that is not kept has 1.

    At an end with k edges and strength s, an edge of weight w has (1 - w / s)^(k - 1). In a directed graph the source's
    edges out count, and the target's edges in. At an end with a single edge, the value is 1 (not significant).
    """
    src, dst, weight = graph.src[kept], graph.dst[kept], graph.weight[kept]
    ends = [(src, src), (dst, dst)] if graph.directed else [(np.concatenate([src, dst]), end) for end in (src, dst)]
    least = np.ones(len(src))
    for counted, end in ends:
        weights = weight if graph.directed else np.concatenate([weight, weight])
        degree = np.bincount(counted, minlength=len(graph.names))
        strength = np.bincount(counted, weights, len(graph.names))
        least = np.minimum(least, (1 - weight / strength[end]) ** (degree[end] - 1))
    found = np.ones(len(graph.src))
    found[kept] = least
    return found


def _ends(graph: Arrays, edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    nodes = np.zeros(len(graph.names), bool)
    nodes[graph.src[edges]] = nodes[graph.dst[edges]] = True
    return nodes


def _around(graph: Arrays, edges: NDArray[np.bool_], ego: str, steps: int) -> NDArray[np.bool_]:
    nodes = np.zeros(len(graph.names), bool)
    nodes[_place_of(graph, ego)] = True
    src, dst = graph.src[edges], graph.dst[edges]
    for _ in range(steps):
        touched = nodes[src] | nodes[dst]
        nodes[src[touched]] = nodes[dst[touched]] = True
    return nodes


def _place_of(graph: Arrays, ego: str) -> int:
    """Returns the place of the node with this name or, if there is none, with this label."""
    written, tag = ego.casefold(), fold_tag(ego)
    ego = written.lstrip("@#")
    as_tag = (f"#{tag}", tag)
    if (found := _named(graph, *(as_tag if written.startswith("#") else ()), written, ego)) is not None:
        return found
    places = [place for place, label in enumerate(graph.labels) if label == ego]
    if not places and (found := _named(graph, *as_tag)) is not None:
        return found
    if len(places) > 1:
        raise PulsoError(
            f"{len(places)} nodes of the graph have the label {ego!r}",
            f"Give one of the nodes: {', '.join(graph.names[place] for place in places[:5])}",
        )
    if not places:
        raise PulsoError(f"{ego!r} is no node of the graph", "Handles are in lower case, without @; hashtags without #")
    return places[0]


def _named(graph: Arrays, *names: str) -> int | None:
    """Returns the place of the first of these names that a node has."""
    return next((graph.names.index(name) for name in names if name in graph.names), None)


def _coreness(graph: Arrays, edges: NDArray[np.bool_]) -> Ints:
    """Returns the highest core that each node is in, by different neighbours, whichever way edges point."""
    return np.array(as_igraph(graph, edges).simplify().coreness(), np.int64)


def as_igraph(graph: Arrays, edges: NDArray[np.bool_]) -> Any:
    """Returns the undirected graph of the kept edges, with weights."""
    import igraph  # noqa: PLC0415 - only pruning by core and drawing need it

    made = igraph.Graph(n=len(graph.names), edges=np.column_stack([graph.src[edges], graph.dst[edges]]))
    made.es["weight"] = graph.weight[edges].tolist()
    return made
