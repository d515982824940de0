"""A stored two-mode graph, projected onto one of its kinds of nodes, as content for a file."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from conf.tables import TWO_MODE_GRAPHS
from readers.graphs.content import NODE_TYPES, Content, Type, mode_of, title_of
from readers.graphs.projection import MOST_COMPARED, By, Cut, Projection, TwoMode, project
from readers.graphs.stored import StoredGraph

_NODE_TYPES: dict[str, Type] = {
    **{"node": "string", "label": "string", "items": "long", "posts": "long"},
    **{name: NODE_TYPES[name] for name in ("first_at", "last_at")},
}


class Node(NamedTuple):
    """A node of a projection: `items` is how many different items it has edges to, `posts` the weight of these."""

    node: str
    label: str
    items: int
    posts: int
    first_at: Any
    last_at: Any


class Edge(NamedTuple):
    """An edge of a projection; `shared` is the number of items by which the two were found alike."""

    src: str
    dst: str
    weight: int | float
    shared: int


def of_projection(graph: StoredGraph, mode: str, by: By, top: int) -> tuple[Content, str]:
    """Reads a two-mode graph and projects it; returns the content, and one line that says what was cut.

    Memory: some 500 bytes per node, and 50 per edge of either graph.
    """
    name = graph.summary.graph
    item_mode = next(other for other in TWO_MODE_GRAPHS[name] if other != mode)
    own = (_node(row) for row in graph.nodes(*NODE_TYPES) if mode_of(name, row.out_degree).mode == mode)
    nodes = sorted(own, key=lambda node: node.node)
    found = project(_two_mode(graph, nodes, second=mode == TWO_MODE_GRAPHS[name][1]), by, top)
    told = _told(found, mode, item_mode, top)
    number = int if by == "count" else float

    def edges() -> Iterator[Edge]:
        columns = (found.src, found.dst, found.weight, found.shared)
        for src, dst, weight, shared in zip(*(column.tolist() for column in columns), strict=True):
            yield Edge(nodes[src].node, nodes[dst].node, number(weight), shared)

    weighs: Type = "long" if by == "count" else "double"
    types: dict[str, Type] = {"src": "string", "dst": "string", "weight": weighs, "shared": "long"}
    title = f"{title_of(graph)}, projected: {mode}s that share {item_mode}s, weight by {by}; {told}"
    counts = len(nodes), len(found.src)
    return Content(title, False, _NODE_TYPES, types, lambda: iter(nodes), edges, counts), told


def _node(row: Any) -> Node:
    items, posts = max(row.in_degree, row.out_degree), max(row.in_weight, row.out_weight)
    return Node(row.node, row.label, items, posts, row.first_at, row.last_at)


def _two_mode(graph: StoredGraph, nodes: list[Node], *, second: bool) -> TwoMode:
    """Reads the edges; `second` says that the nodes are of the second mode. Items are numbered as they come."""
    place = {node.node: number for number, node in enumerate(nodes)}
    items = dict[str, int]()

    def ends() -> Iterator[tuple[int, int, int]]:
        for row in graph.edges("src", "dst", "weight"):
            node, item = (row.dst, row.src) if second else (row.src, row.dst)
            yield place[node], items.setdefault(item, len(items)), row.weight

    node, item, posts = np.ascontiguousarray(np.fromiter(ends(), np.dtype((np.int64, 3))).T)
    return TwoMode(node, item, posts, len(nodes), len(items))


def _told(found: Projection, mode: str, item_mode: str, top: int) -> str:
    """Returns what was cut, as one line."""
    kept = f"{len(found.src):,} of {found.found:,} edges kept: the {top:,} strongest of each {mode}"
    return f"{kept}; {_told_of_items(found.cut, mode, item_mode)}"


def _told_of_items(cut: Cut, mode: str, item_mode: str) -> str:
    if not cut.items:
        return f"no {item_mode} has more than {MOST_COMPARED} {mode}s, so all were compared"
    return (
        f"of {cut.items:,} {item_mode}s with more than {MOST_COMPARED} {mode}s, only the {MOST_COMPARED} {mode}s with "
        f"the most posts were compared ({cut.pairs:,} pairs left out)"
    )
