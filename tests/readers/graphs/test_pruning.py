"""What pruning leaves of a graph, compared with NetworkX and with the paper of the disparity filter."""

from typing import Any

import networkx as nx
import numpy as np
import pytest

from readers.graphs.pruning import Arrays, Pruning, disparity, pruned
from tests.support.stored_graph import some_graph


def as_arrays(graph: Any) -> Arrays:
    names = list(graph)
    place = {name: number for number, name in enumerate(names)}
    ranks = nx.pagerank(graph)
    src, dst, weight = np.array([(place[a], place[b], w) for a, b, w in graph.edges(data="weight")]).T
    return Arrays(names, names, np.array([ranks[n] for n in names]), src, dst, weight, graph.is_directed())


def left(graph: Any, pruning: Pruning) -> Any:
    arrays = as_arrays(graph)
    kept = pruned(arrays, pruning)
    made = type(graph)()
    made.add_nodes_from(np.array(arrays.names)[kept.nodes].tolist())
    made.add_edges_from(
        (arrays.names[a], arrays.names[b]) for a, b in zip(arrays.src[kept.edges], arrays.dst[kept.edges], strict=True)
    )
    return made


def pairs(graph: Any) -> set[Any]:
    return {tuple(edge) if graph.is_directed() else frozenset(edge) for edge in graph.edges}


@pytest.fixture(params=[nx.DiGraph, nx.Graph])
def drawn(request: pytest.FixtureRequest) -> Any:
    made = request.param()
    made.add_weighted_edges_from((a, b, w) for (a, b), w in some_graph().items())
    return made


def test_min_weight_keeps_heavy_edges_and_their_ends(drawn: Any) -> None:
    found = left(drawn, Pruning(min_weight=7))
    expected = drawn.edge_subgraph((a, b) for a, b, w in drawn.edges(data="weight") if w >= 7)
    assert (set(found), pairs(found)) == (set(expected), pairs(expected))


def test_the_core_is_networkxs(drawn: Any) -> None:
    found = left(drawn, Pruning(k_core=6))
    expected = nx.k_core(nx.Graph(drawn), 6)
    assert len(expected) > 3
    assert set(found) == set(expected)
    assert pairs(found) == pairs(drawn.subgraph(expected))


def test_an_ego_is_networkxs(drawn: Any) -> None:
    found = left(drawn, Pruning(ego="u3", steps=2))
    expected = nx.ego_graph(drawn, "u3", 2, undirected=True)
    assert (set(found), pairs(found)) == (set(expected), pairs(expected))
    assert len(left(drawn, Pruning(ego="u3"))) < len(found)


def test_the_top_are_those_with_the_highest_pagerank(drawn: Any) -> None:
    ranks = nx.pagerank(drawn)
    best = sorted(ranks, key=lambda node: (-ranks[node], node))[:10]
    found = left(drawn, Pruning(top=10))
    assert set(found) == set(best)
    assert pairs(found) == pairs(drawn.subgraph(best))


def test_the_backbone_is_the_integral_of_the_paper(drawn: Any) -> None:
    """Serrano et al. 2009, equation 2: 1 - (k - 1) times the integral of (1 - x)^(k - 2) from 0 to the edge's share."""
    arrays = as_arrays(drawn)
    found = disparity(arrays, np.ones(len(arrays.src), bool))
    x = np.linspace(0, 1, 200_001)
    for number, (a, b, weight) in enumerate(drawn.edges(data="weight")):
        least = 1.0
        for node, ways in ((a, "out_edges"), (b, "in_edges")):
            edges = (
                getattr(drawn, ways)(node, data="weight") if drawn.is_directed() else drawn.edges(node, data="weight")
            )
            weights = [w for *_, w in edges]
            if len(weights) > 1:
                inside = x[x <= weight / sum(weights)]
                share = (len(weights) - 1) * np.trapezoid((1 - inside) ** (len(weights) - 2), inside)
                least = min(least, 1 - share)
        assert found[number] == pytest.approx(least, abs=1e-4)
    kept = left(drawn, Pruning(backbone=0.2))
    assert 0 < kept.number_of_edges() < drawn.number_of_edges()
    assert all(degree for _, degree in kept.degree())
