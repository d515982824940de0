"""Compares the two graph engines with each other, with NetworkX and with igraph; one frame holds many graphs."""

import os
import random
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.graphs import local as local_engine
from jobs.graphs import sparse
from jobs.graphs.distributed import measure_distributed
from jobs.graphs.engines import measure
from jobs.graphs.frames import NODES, SUMMARY, Options
from jobs.graphs.keys import Graph, buckets_of, graphs_of, hash_of
from jobs.graphs.local import measure_locally
from jobs.graphs.packing import packed, unpacked

pytestmark = pytest.mark.usefixtures("compiled")
START, END = datetime(2016, 5, 1, tzinfo=UTC), datetime(2016, 5, 2, tzinfo=UTC)
HUB = 10_000
Pairs = dict[tuple[str, str], int]
PARTS = ("names", "edges")
INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("graph", "period")),
        *((name, INSTANT) for name in ("period_start", "period_end")),
        *((name, pa.string()) for name in ("src", "dst")),
        ("weight", pa.int64()),
    ]
)
DEGREES = ["in_degree", "out_degree", "in_weight", "out_weight"]


def power_law() -> Pairs:
    draw = np.random.default_rng(1)
    ends = np.minimum(draw.pareto(1.2, (4000, 2)) * 8, 700).astype(int)
    return {(f"u{a}", f"u{b}"): int(w) for (a, b), w in zip(ends, draw.geometric(0.5, 4000), strict=True) if a != b}


def disconnected() -> Pairs:
    draw = np.random.default_rng(2)
    return {
        (f"{part:02}-{a}", f"{part:02}-{b}"): 1 + int(a)
        for part, size in enumerate([40, 25, 25, 9, 2, 2, 2])
        for a, b in [(0, 1), *draw.integers(0, size, (2 * size, 2))]
        if a != b
    }


def hub() -> Pairs:
    spokes: Pairs = {(f"u{i}", "hub"): 1 for i in range(HUB)}
    return spokes | {("hub", f"u{i}"): 2 for i in range(0, HUB, 1000)} | {("u7", "u8"): 3}


def planted() -> Pairs:
    draw = np.random.default_rng(3)
    inside = [(g * 30 + a, g * 30 + b) for g in range(8) for a, b in draw.integers(0, 30, (200, 2))]
    across = draw.integers(0, 240, (120, 2)).tolist()
    return {(f"#{min(a, b):03}", f"#{max(a, b):03}"): 1 + a % 3 for a, b in [*inside, *across] if a != b}


HOSTILE = {("a&b", "<c>"): 1, ("<c>", "🗳️"): 2, ("🗳️", "nul\x00"): 3, ("nul\x00", "nul"): 1, ("\x1b\n\t", "a&b"): 1}
CASES: dict[str, tuple[str, Pairs]] = {
    "power law": ("retweet", power_law()),
    "disconnected": ("reply", disconnected()),
    "hub": ("mention", hub()),
    "single edge": ("quote", {("a", "b"): 4}),
    "hashtags": ("hashtag", planted()),
    "hostile names": ("mention", HOSTILE),
    "single pair of hashtags": ("hashtag", {("a", "b"): 4}),
}


def table(name: str) -> pd.DataFrame:
    graph, pairs = CASES[name]
    ends = np.array(list(pairs), dtype=object)
    keys = {"graph": graph, "period": name, "period_start": START, "period_end": END}
    return pd.DataFrame({**keys, "src": ends[:, 0], "dst": ends[:, 1], "weight": list(pairs.values())})


def stored(spark: SparkSession, rows: pd.DataFrame, file: Path) -> DataFrame:
    pq.write_table(pa.Table.from_pandas(rows, SCHEMA, preserve_index=False), file, row_group_size=9000)
    return spark.read.parquet(str(file))


@pytest.fixture(scope="module")
def edges(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    return stored(spark, pd.concat(map(table, CASES)), tmp_path_factory.mktemp("edges") / "edges.parquet")


def collected(frame: DataFrame) -> pd.DataFrame:
    return pd.DataFrame([row.asDict() for row in frame.collect()], columns=frame.columns)


class Results:
    def __init__(self, nodes: DataFrame, summary: DataFrame) -> None:
        assert (nodes.columns, summary.columns) == (NODES, SUMMARY)
        self.nodes = {period: rows.set_index("node") for period, rows in collected(nodes).groupby("period")}
        self.summary = collected(summary).set_index("period")


def measured_here(edges: DataFrame) -> Results:
    measured = measure_locally(edges, graphs_of(edges), Options())
    results = Results(measured.nodes, measured.summary)
    measured.release()
    return results


@pytest.fixture(scope="module")
def local(edges: DataFrame) -> Results:
    return measured_here(edges)


@pytest.fixture(scope="module")
def distributed(edges: DataFrame) -> Results:
    measured = measure_distributed(edges, graphs_of(edges), Options(tolerance=1e-7))
    results = Results(measured.nodes, measured.summary)
    measured.release()
    return results


@pytest.fixture(scope="module")
def hashes(edges: DataFrame) -> dict[str, int]:
    nodes = edges.select(F.explode(F.array("src", "dst")).alias("node")).distinct()
    return {row["node"]: row["hash"] for row in nodes.select("node", hash_of("node").alias("hash")).collect()}


def as_networkx(name: str) -> Any:
    graph, pairs = CASES[name]
    made = nx.Graph() if graph == "hashtag" else nx.DiGraph()
    made.add_weighted_edges_from((a, b, w) for (a, b), w in pairs.items())
    return made


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("engine", ["local", "distributed"])
def test_an_engine_equals_networkx(engine: str, name: str, request: pytest.FixtureRequest) -> None:
    results: Results = request.getfixturevalue(engine)
    nodes, summary, graph = results.nodes[name], results.summary.loc[name], as_networkx(name)
    assert set(nodes.index) == set(graph)
    assert (summary["nodes"], summary["edges"]) == (len(graph), graph.number_of_edges())
    assert summary["weight"] == graph.size("weight")
    ways = [graph.in_degree, graph.out_degree] if graph.is_directed() else [graph.degree, graph.degree]
    expected = pd.DataFrame(
        {c: dict(w(weight=k)) for c, w, k in zip(DEGREES, ways * 2, [None] * 2 + ["weight"] * 2, strict=True)}
    )
    assert (nodes[DEGREES] == expected.loc[nodes.index]).all(axis=None)
    ranks = pd.Series(nx.pagerank(graph, tol=1e-12, max_iter=1000))
    assert (nodes["pagerank"] - ranks[nodes.index]).abs().max() < 1e-6
    assert nodes["pagerank"].sum() == pytest.approx(1, abs=1e-9)
    parts = nx.weakly_connected_components(graph) if graph.is_directed() else nx.connected_components(graph)
    ordered = sorted(parts, key=lambda part: (-len(part), min(part)))
    assert nodes["component"].to_dict() == {node: i for i, part in enumerate(ordered) for node in part}
    assert (summary["components"], summary["giant_share"]) == (len(ordered), len(ordered[0]) / len(graph))
    assert summary["density"] == pytest.approx(nx.density(graph))
    if graph.is_directed():
        assert summary["reciprocity"] == pytest.approx(nx.overall_reciprocity(graph))
    else:
        assert pd.isna(summary["reciprocity"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("engine", ["local", "distributed"])
def test_the_modularity_is_that_of_the_communities(
    engine: str, name: str, hashes: dict[str, int], request: pytest.FixtureRequest
) -> None:
    results: Results = request.getfixturevalue(engine)
    community, summary = results.nodes[name]["community"], results.summary.loc[name]
    undirected = nx.Graph()
    for (a, b), weight in CASES[name][1].items():
        undirected.add_edge(a, b, weight=weight + (undirected[a][b]["weight"] if undirected.has_edge(a, b) else 0))
    groups = [set(rows.index) for _, rows in community.groupby(community)]
    assert summary["modularity"] == pytest.approx(nx.community.modularity(undirected, groups))
    placed = [(-len(g), min(hashes[node] for node in g)) for g in groups]
    assert placed == sorted(placed)
    assert (summary["communities"], community.min(), community.max()) == (len(groups), 0, len(groups) - 1)


@pytest.mark.parametrize("name", CASES)
def test_the_engines_agree(local: Results, distributed: Results, name: str) -> None:
    one, other = local.nodes[name].sort_index(), distributed.nodes[name].sort_index()
    assert one.index.equals(other.index)
    assert (one[[*DEGREES, "component"]] == other[[*DEGREES, "component"]]).all(axis=None)
    assert (one["pagerank"] - other["pagerank"]).abs().max() < 1e-6


def test_the_communities_are_as_good_as_leidens_own(local: Results, distributed: Results) -> None:
    ends = list(CASES["hashtags"][1])
    graph = igraph.Graph.TupleList([(*e, CASES["hashtags"][1][e]) for e in ends], weights=True)
    best = graph.community_leiden("modularity", weights="weight", n_iterations=-1)
    expected = graph.modularity(best, weights="weight")
    assert local.summary.loc["hashtags", "modularity"] == pytest.approx(expected, rel=0.01)
    assert distributed.summary.loc["hashtags", "modularity"] > 0.9 * expected


def undirected(pairs: Pairs) -> igraph.Graph:
    both = Counter[frozenset[str]]()
    for ends, weight in pairs.items():
        both[frozenset(ends)] += weight
    return igraph.Graph.TupleList([(*sorted(ends), weight) for ends, weight in both.items()], weights=True)


@pytest.mark.parametrize("name", ["power law", "disconnected", "hub", "hostile names"])
def test_a_node_with_one_neighbour_is_in_its_community_at_no_cost(local: Results, name: str) -> None:
    graph, community = undirected(CASES[name][1]), local.nodes[name]["community"]
    alone = [node for node in graph.vs if node.degree() == 1]
    assert alone
    assert all(community[node["name"]] == community[node.neighbors()[0]["name"]] for node in alone)
    igraph.set_random_number_generator(random.Random(5))
    best = graph.community_leiden("modularity", weights="weight", n_iterations=-1)
    expected = graph.modularity(best, weights="weight")
    assert local.summary.loc[name, "modularity"] == pytest.approx(expected, abs=0.005)


def test_each_engine_says_its_name(local: Results, distributed: Results) -> None:
    assert (set(local.summary["engine"]), set(distributed.summary["engine"])) == ({"igraph"}, {"spark"})


def test_the_order_of_the_edges_changes_nothing(spark: SparkSession, local: Results, tmp_path: Path) -> None:
    shuffled = pd.concat(map(table, CASES)).sample(frac=1, random_state=4)
    results = measured_here(stored(spark, shuffled, tmp_path / "shuffled.parquet"))
    for name in CASES:
        pd.testing.assert_frame_equal(
            results.nodes[name].sort_index(), local.nodes[name].sort_index(), check_exact=True
        )


def test_graphs_in_many_buckets_give_the_same(
    edges: DataFrame, local: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_engine, "AT_ONCE", 0)
    results = measured_here(edges)
    for name in CASES:
        nodes, expected = results.nodes[name].sort_index(), local.nodes[name].sort_index()
        pd.testing.assert_frame_equal(nodes, expected, rtol=0, atol=sparse.PRECISION)
    pd.testing.assert_frame_equal(results.summary.sort_index(), local.summary.sort_index())


def test_a_graph_alone_gives_the_same_as_among_others(edges: DataFrame, local: Results) -> None:
    nodes = measured_here(edges.where("period = 'power law'")).nodes["power law"].sort_index()
    expected = local.nodes["power law"].sort_index()
    pd.testing.assert_frame_equal(nodes, expected, rtol=0, atol=sparse.PRECISION)


def test_larger_graphs_go_to_the_distributed_engine(edges: DataFrame) -> None:
    some = edges.where("period in ('single edge', 'hostile names')")
    measured = measure(some, local_max_edges=1, options=Options(communities=False, tolerance=1e-3))
    engines = {row.period: (row.engine, row.nodes) for row in measured.summary.collect()}
    assert engines == {"single edge": ("igraph", 2), "hostile names": ("spark", 6)}
    assert measured.nodes.count() == 8
    measured.release()


def test_no_edges_give_no_rows(edges: DataFrame) -> None:
    measured = measure(edges.where("false"))
    assert (measured.nodes.columns, measured.summary.columns) == (NODES, SUMMARY)
    assert (measured.nodes.count(), measured.summary.count()) == (0, 0)


def test_communities_are_found_without_a_means_to_draw_that_others_still_have() -> None:
    told = "import sys; from jobs.graphs.leiden import leiden; import numpy as np; one = np.array([0]); "
    told += "print(leiden(2, one, one + 1, one + 1, 1).tolist(), 'matplotlib' in sys.modules); import matplotlib"
    root = Path(__file__).parents[3]
    ran = subprocess.run([sys.executable, "-c", told], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["[0,", "0]", "False"]


def test_without_communities_there_are_none(edges: DataFrame) -> None:
    measured = measure(edges.where("period = 'single edge'"), options=Options(communities=False))
    (row,) = measured.summary.collect()
    assert (row.nodes, row.communities, row.modularity) == (2, None, None)
    measured.release()


def test_buckets_are_filled_evenly() -> None:
    graphs = [Graph("reply", "hour", hour, hour + 1, count) for hour, count in enumerate([9, 1, 1, 1, 5, 4, 3])]
    buckets = buckets_of(graphs, 2, 12)
    assert sorted(sum(g.edges for g, b in zip(graphs, buckets, strict=True) if b == which) for which in {*buckets}) == [
        12,
        12,
    ]


def test_names_of_one_hash_are_told_apart() -> None:
    edges = {"src": ["a", "b", "c"], "dst": ["b", "c", "a"], "src_hash": [7, 7, 5], "dst_hash": [7, 5, 7]}
    batch = pa.RecordBatch.from_pydict({"number": pa.array([0] * 3, pa.int32()), **edges, "weight": [1, 2, 3]})
    one = np.array([0])
    (row,) = pa.Table.from_batches(packed([batch, batch.slice(0, 1)], one)).to_pylist()
    (other,) = pa.Table.from_batches(packed([batch.slice(2)], one)).to_pylist()
    names, number, src, dst, weight = unpacked(*[[pa.py_buffer(r[part]) for r in (row, other)] for part in PARTS])
    assert names.to_pylist() == ["c", "a", "b"]
    found = zip(number, names.take(src).to_pylist(), names.take(dst).to_pylist(), weight, strict=True)
    ring = [(0, "a", "b", 1), (0, "b", "c", 2), (0, "c", "a", 3)]
    assert list(found) == [*ring, ring[0], ring[2]]


def test_a_large_matrix_multiplied_in_bands_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    names, places = np.unique(np.array(list(power_law())), return_inverse=True)
    weight = np.array(list(power_law().values()))
    src, dst = places.reshape(-1, 2).T
    union = sparse.union_of(np.zeros_like(weight), src, dst, weight, len(names), np.array([True]))
    whole = sparse.pagerank(union)
    monkeypatch.setattr(sparse, "BAND", len(weight) // 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert (sparse.pagerank(union) == whole).all()
