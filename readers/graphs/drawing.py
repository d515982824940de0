"""A drawing of a graph, for the PNG and for the HTML page: its nodes with their positions, and its edges."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import igraph
import numpy as np
from numpy.typing import NDArray

from conf.errors import PulsoError
from readers.graphs.names import name_shown
from readers.graphs.pruning import Kept, Pruning, arrays, pruned
from readers.graphs.stored import StoredGraph

COLOURS = (
    *("#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951"),
    *("#ff8ab7", "#a463f2", "#97bbf5", "#9c6b4e", "#d6604d"),
)
"""The colours of the ten communities with the most drawn nodes; the first colour is for the largest."""
OTHER = "#9aa0a6"
"""The colour of nodes of all other communities."""
SEED = 2016
FEW = 1500
"""In a component of up to this many nodes, each node pushes all others away; in a larger one, only near ones."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Node:
    """A node: the figures that the job computed over the whole graph, and the position in the drawing.

    `name` is what people read of it: the label. `told` is what a page tells of it, in place of these figures.
    """

    name: str
    pagerank: float
    in_weight: int
    out_weight: int
    community: int
    x: float
    y: float
    told: str = ""


@dataclass(frozen=True)
class Drawing:
    """Nodes by falling PageRank; edges, each a row of two indices into `nodes` and a weight; colours by community.

    Communities may have titles.
    """

    nodes: list[Node]
    edges: NDArray[np.int64]
    colours: dict[int, str]
    titles: Mapping[int, str] = field(default_factory=dict)

    @property
    def communities(self) -> list[tuple[str, str, int]]:
        """Each coloured community: its colour, its title or first node by PageRank, and how many nodes it has here."""
        members: dict[int, list[Node]] = {}
        for node in self.nodes:
            members.setdefault(node.community, []).append(node)
        return [(colour, self.titles.get(c, members[c][0].name), len(members[c])) for c, colour in self.colours.items()]

    def colour(self, node: Node) -> str:
        """The colour of the node's community."""
        return self.colours.get(node.community, OTHER)


def draw(graph: StoredGraph, pruning: Pruning) -> Drawing:
    """Reads and prunes a graph, and computes the positions of its nodes. Raises PulsoError when no node is left."""
    whole = arrays(graph)
    kept = pruned(whole, pruning)
    if not kept.nodes.any():
        raise PulsoError(
            f"nothing is left of the {graph.summary.graph} graph to draw",
            "Prune less" if whole.names else "The graph is empty: the period has no such posts",
        )
    read = graph.nodes("node", "label", "pagerank", "in_weight", "out_weight", "community")
    rows = list(compress(read, kept.nodes))  # both reads return nodes in the same order
    order = sorted(range(len(rows)), key=lambda n: (-rows[n].pagerank, rows[n].node))
    edges = _edges(whole, kept, order)
    places = layout(len(rows), edges)
    nodes = [
        Node(
            name_shown(row.node, row.label),
            row.pagerank,
            row.in_weight,
            row.out_weight,
            row.community,
            float(x),
            float(y),
        )
        for row, (x, y) in zip((rows[n] for n in order), places, strict=True)
    ]
    return Drawing(nodes, edges, _colours(nodes))


def layout(nodes: int, edges: NDArray[np.int64]) -> Floats:
    """Returns the position of each node: an array of `nodes` rows of x and y, without a unit.

    In each component, the method of Fruchterman and Reingold (1991) sets the positions; the components are put side by
    side. `edges` has a row for each edge: two indices of nodes, and a weight. An edge pulls by the logarithm of its
    weight. The seed is fixed, so the same graph has the same layout.
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
    # The force leaves a crowd in the middle and a few nodes far out. Each node keeps its direction and its rank by
    # distance. Its new distance is the mean of the old one and of the one that would fill the disc evenly.
    radius = np.hypot(*places.T)
    nodes = len(places)
    even = np.sqrt((np.argsort(np.argsort(radius, kind="stable")) + 0.5) / nodes)
    wanted = (even + np.minimum(radius / max(float(np.quantile(radius, 0.95)), 1e-9), 1.0)) / 2
    return np.asarray(places * (np.sqrt(nodes) * wanted / np.maximum(radius, 1e-9))[:, None])


def _packed(nodes: int, parts: list[tuple[list[int], Floats]]) -> Floats:
    """Puts the largest component in the middle and the others on rings around it. A full ring starts the next one."""
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
