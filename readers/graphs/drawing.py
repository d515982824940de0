"""A drawing of a graph, which both pictures show: where nodes stand, how large they are, and their communities."""

import random
from dataclasses import dataclass
from itertools import compress
from typing import Any

import igraph
import numpy as np
from numpy.typing import NDArray

from conf.errors import PulsoError
from readers.graphs.pruning import Kept, Pruning, arrays, pruned
from readers.graphs.stored import StoredGraph

COLOURS = (
    *("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951"),
    *("#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#d6604d"),
)
"""Of the communities with most nodes in the drawing, the largest first."""
OTHER = "#9aa0a6"
SEED = 2016
FEW = 1500
"""Nodes up to which each pushes away every other; above, only those near."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Node:
    """A node, as the job measured it over the whole graph, and where it stands."""

    name: str
    pagerank: float
    in_weight: int
    out_weight: int
    community: int
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """Nodes, the first by PageRank first; edges as places among them with weights; and a colour a community."""

    nodes: list[Node]
    edges: NDArray[np.int64]
    colours: dict[int, str]

    @property
    def communities(self) -> list[tuple[str, str, int]]:
        """Of each coloured community: its colour, its first node by PageRank, and its nodes in the drawing."""
        members: dict[int, list[Node]] = {}
        for node in self.nodes:
            members.setdefault(node.community, []).append(node)
        return [(colour, members[c][0].name, len(members[c])) for c, colour in self.colours.items()]

    def colour(self, node: Node) -> str:
        """A node's colour."""
        return self.colours.get(node.community, OTHER)


def draw(graph: StoredGraph, pruning: Pruning) -> Drawing:
    """Reads, prunes and lays out a graph. Raises PulsoError when nothing is left of it."""
    whole = arrays(graph)
    kept = pruned(whole, pruning)
    if not kept.nodes.any():
        raise PulsoError(
            f"nothing is left of the {graph.summary.graph} graph to draw",
            "Prune less" if whole.names else "The graph is empty: no post of the period has such an interaction",
        )
    read = graph.nodes("node", "pagerank", "in_weight", "out_weight", "community")
    rows = list(compress(read, kept.nodes))  # in the order of the arrays, as the stream always comes
    order = sorted(range(len(rows)), key=lambda n: (-rows[n].pagerank, rows[n].node))
    edges = _edges(whole, kept, order)
    places = layout(len(rows), edges)
    nodes = [
        Node(row.node, row.pagerank, row.in_weight, row.out_weight, row.community, float(x), float(y))
        for row, (x, y) in zip((rows[n] for n in order), places, strict=True)
    ]
    return Drawing(nodes, edges, _colours(nodes))


def layout(nodes: int, edges: NDArray[np.int64]) -> Floats:
    """Where nodes stand, by the force of Fruchterman and Reingold (1991), seeded; components side by side.

    `edges` has one row of two places and a weight an edge. A heavy edge pulls by its logarithm.
    """
    igraph.set_random_number_generator(random.Random(SEED))
    graph = igraph.Graph(n=nodes, edges=np.ascontiguousarray(edges[:, :2]))
    graph.es["pull"] = (1 + np.log2(edges[:, 2])).tolist()
    graph.simplify(combine_edges="sum")
    parts = sorted(graph.connected_components(), key=lambda part: (-len(part), part[0]))
    return _packed(nodes, [(part, _laid_out(graph.induced_subgraph(part))) for part in parts])


def _laid_out(part: Any) -> Floats:
    if part.vcount() == 1:
        return np.zeros((1, 2))
    grid = "nogrid" if part.vcount() <= FEW else "grid"
    places = np.array(part.layout_fruchterman_reingold(weights="pull", niter=500, grid=grid).coords)
    places -= np.median(places, axis=0)
    # The force leaves a crowd in the middle and a few far out. Each node keeps its direction and its place in the order
    # of distances, and half of its distance gives way to what fills the disc evenly.
    radius = np.hypot(*places.T)
    nodes = len(places)
    even = np.sqrt((np.argsort(np.argsort(radius, kind="stable")) + 0.5) / nodes)
    wanted = (even + np.minimum(radius / max(float(np.quantile(radius, 0.95)), 1e-9), 1.0)) / 2
    return np.asarray(places * (np.sqrt(nodes) * wanted / np.maximum(radius, 1e-9))[:, None])


def _packed(nodes: int, parts: list[tuple[list[int], Floats]]) -> Floats:
    """The largest component in the middle; the others on rings around it, each as far out as those before need."""
    found = np.zeros((nodes, 2))
    ring = at = wide = 0.0
    for number, (members, places) in enumerate(parts):
        radius = float(np.hypot(*places.T).max()) + 1.0
        if number == 0:
            found[members], ring = places, radius
            continue
        step = 2 * np.arcsin(min(1.0, radius / (ring + radius)))
        if at + step > 2 * np.pi:
            ring, at, wide = ring + wide, 0.0, 0.0
            step = 2 * np.arcsin(min(1.0, radius / (ring + radius)))
        angle, away = at + step / 2, ring + radius
        found[members] = places + np.array([away * np.cos(angle), away * np.sin(angle)])
        at, wide = at + step, max(wide, 2 * radius)
    return found


def _edges(whole: Any, kept: Kept, order: list[int]) -> NDArray[np.int64]:
    place = np.full(len(whole.names), -1, np.int64)
    place[np.flatnonzero(kept.nodes)[order]] = np.arange(len(order))
    some = kept.edges
    return np.column_stack([place[whole.src[some]], place[whole.dst[some]], whole.weight[some]])


def _colours(nodes: list[Node]) -> dict[int, str]:
    counts: dict[int, int] = {}
    for node in nodes:
        counts[node.community] = counts.get(node.community, 0) + 1
    largest = sorted(counts, key=lambda community: (-counts[community], community))
    return dict(zip(largest[: len(COLOURS)], COLOURS, strict=False))
