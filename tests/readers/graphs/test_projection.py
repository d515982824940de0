"""Projections of two-mode graphs: by hand, beside NetworkX and plain Python, and with what is cut."""

import math
import random
from collections import defaultdict
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import pytest

from readers.graphs import projection
from readers.graphs.projection import BYS, MOST_COMPARED, By, Projection, TwoMode, project

Weights = dict[tuple[int, int], int]
"""The posts of each pair of a node and an item, by their numbers."""


def graph_of(weights: Weights) -> TwoMode:
    ends = sorted(weights, key=lambda pair: random.Random(f"{pair}").random())  # edges come in no order
    node, item = np.array(ends, np.int64).T
    posts = np.array([weights[pair] for pair in ends])
    return TwoMode(node, item, posts, int(node.max()) + 1, int(item.max()) + 1)


def edges_of(found: Projection) -> dict[tuple[int, int], float]:
    assert (found.src < found.dst).all()
    edges = dict(zip(zip(found.src.tolist(), found.dst.tolist(), strict=True), found.weight.tolist(), strict=True))
    assert len(edges) == len(found.src)
    return edges


def apart(weights: Weights, by: By, top: int, most: int) -> dict[tuple[int, int], float]:
    """Returns the projection, computed pair by pair in plain Python."""
    items, nodes = defaultdict[int, dict[int, int]](dict), defaultdict[int, dict[int, int]](dict)
    for (node, item), posts in weights.items():
        nodes[node][item], items[item][node] = posts, posts
    shared = defaultdict[tuple[int, int], list[int]](list)
    for item, of_item in items.items():
        first = sorted(of_item, key=lambda node: (-of_item[node], node))[:most]
        for pair in combinations(sorted(first), 2):
            shared[pair].append(item)
    weighed = {}
    for (a, b), some in shared.items():
        one, other = nodes[a], nodes[b]
        norms = sum(w * w for w in one.values()) * sum(w * w for w in other.values())
        values = {
            "count": len(some),
            "jaccard": len(some) / (len(one) + len(other) - len(some)),
            "cosine": sum(one[item] * other[item] for item in some) / math.sqrt(norms),
        }
        weighed[a, b] = values[by]
    kept = set()
    for node in nodes:
        around = [(-w, b if a == node else a) for (a, b), w in weighed.items() if node in (a, b)]
        kept |= {tuple(sorted((node, other))) for _, other in sorted(around)[:top]}
    return {pair: weighed[pair] for pair in weighed if pair in kept}


HAND: Weights = {(0, 0): 3, (0, 1): 1, (1, 0): 4, (1, 1): 1, (1, 2): 2, (2, 2): 5, (3, 3): 9}
"""Node 0 shares the items 0 and 1 with node 1, which shares item 2 with node 2; node 3 shares nothing."""


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("count", {(0, 1): 2, (1, 2): 1}),
        ("jaccard", {(0, 1): 2 / 3, (1, 2): 1 / 3}),
        ("cosine", {(0, 1): 13 / math.sqrt(10 * 21), (1, 2): 10 / math.sqrt(21 * 25)}),
    ],
)
def test_a_small_graph_by_hand(by: By, expected: dict[tuple[int, int], float]) -> None:
    found = project(graph_of(HAND), by)
    assert edges_of(found) == pytest.approx(expected)
    assert dict(zip(zip(found.src, found.dst, strict=True), found.shared, strict=True)) == {(0, 1): 2, (1, 2): 1}
    assert (found.found, found.cut) == (2, (0, 0))


def drawn(seed: int, nodes: int, items: int, edges: int) -> Weights:
    """A drawn graph, in which few items have most of the edges, and every node and every item has one."""
    draw = random.Random(seed)
    pairs = {(draw.randrange(nodes), int(items * draw.random() ** 3)) for _ in range(edges)}
    pairs |= {(node, node % items) for node in range(nodes)}
    pairs |= {(item % nodes, item) for item in range(items)}
    return {pair: draw.randint(1, 9) for pair in pairs}


@pytest.mark.parametrize("by", BYS)
@pytest.mark.parametrize(("top", "most"), [(10_000, 10_000), (5, 10_000), (10_000, 12), (4, 12)])
def test_a_drawn_graph_equals_one_computed_apart(monkeypatch: pytest.MonkeyPatch, by: By, top: int, most: int) -> None:
    weights = drawn(7, 300, 80, 1_500)
    expected = apart(weights, by, top, most)
    assert len(expected) > 500
    for band in (1, 1_000, projection.BAND):
        monkeypatch.setattr(projection, "BAND", band)
        assert edges_of(project(graph_of(weights), by, top, most)) == pytest.approx(expected, rel=1e-12)


def test_counts_and_jaccard_are_networkxs() -> None:
    weights = drawn(9, 120, 60, 500)
    graph = nx.Graph([(f"n{node}", f"i{item}") for node, item in weights])
    nodes = {node for node in graph if node.startswith("n")}
    counted = nx.bipartite.weighted_projected_graph(graph, nodes)
    alike = nx.bipartite.overlap_weighted_projected_graph(graph, nodes, jaccard=True)
    for made, by in ((counted, "count"), (alike, "jaccard")):
        expected = {tuple(sorted((int(a[1:]), int(b[1:])))): w for a, b, w in made.edges(data="weight")}
        found: Any = edges_of(project(graph_of(weights), by, 10_000, 10_000))  # type: ignore[arg-type]
        assert found == pytest.approx(expected)


def test_an_item_of_many_nodes_compares_the_two_hundred_with_the_most_posts_and_says_what_is_cut() -> None:
    assert MOST_COMPARED == 200
    nodes = 260
    weights = {(node, 0): 1 + (node >= 30) for node in range(nodes)}  # 230 have two posts, 30 only one
    found = project(graph_of(weights), "count", 10_000)
    assert set(found.src.tolist()) | set(found.dst.tolist()) == set(range(30, 230))  # the first of equal ones
    assert len(found.src) == found.found == 200 * 199 // 2
    assert found.cut == (1, 260 * 259 // 2 - 200 * 199 // 2)
    whole = project(graph_of({pair: 1 for pair in weights if pair[0] < 200}), "count", 10_000)
    assert whole.cut == (0, 0)


def test_what_is_cut_never_raises_a_weight() -> None:
    weights = drawn(3, 200, 20, 1_500)
    for by in BYS:
        whole, cut = (edges_of(project(graph_of(weights), by, 10_000, most)) for most in (10_000, 15))
        assert set(cut) < set(whole)
        assert all(weight <= whole[pair] + 1e-12 for pair, weight in cut.items())


def test_an_edge_stays_if_one_of_its_ends_keeps_it() -> None:
    star = {(0, item): 1 for item in range(6)} | {(leaf, leaf - 1): 1 for leaf in range(1, 7)}
    found = project(graph_of(star), "count", 1)
    assert len(edges_of(found)) == found.found == 6


def test_nodes_that_are_the_same_have_a_cosine_of_exactly_one() -> None:
    same = {(node, item): 7 + 13 * item for node in range(3) for item in range(11)}
    assert set(edges_of(project(graph_of(same), "cosine")).values()) == {1.0}


def test_time_and_memory_grow_with_edges_not_with_pairs() -> None:
    """100,000 authors of one site, and one author with 100,000 sites: all pairs would be ten thousand million."""
    nodes = 100_000
    node = np.concatenate([np.arange(nodes), np.zeros(nodes, np.int64)])
    item = np.concatenate([np.zeros(nodes, np.int64), np.arange(1, nodes + 1)])
    found = project(TwoMode(node, item, np.ones(2 * nodes, np.int64), nodes, nodes + 1), "cosine")
    assert found.found == 200 * 199 // 2
    assert found.cut == (1, nodes * (nodes - 1) // 2 - 200 * 199 // 2)
    assert len(found.src) < 50 * 200
