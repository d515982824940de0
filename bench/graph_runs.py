"""`python -m bench.graph_runs side-by-side|networkx|distributed FOLDER ROUNDS`: prints seconds as JSON on stdout.

It is a process of its own, since a process has only one Spark session. Every engine starts from the same Parquet table
of edges with names, and ends with figures that need the row of every node. Only bare igraph starts from integer arrays.

The first round starts cold, in a new session. In later rounds each run is preceded by the same run on a small table,
which is not counted. It starts again what has ended in the meantime, such as Spark's Python processes, which end after
a minute without work.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import igraph
import networkx as nx
import numpy as np
import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.graph_edges import write_edges
from bench.graphx import measured_by_graphx
from conf.errors import PulsoError, exit_code_of
from jobs.graphs.distributed import measure_distributed
from jobs.graphs.frames import Measured, Options
from jobs.graphs.keys import graphs_of
from jobs.graphs.local import measure_locally
from jobs.graphs.packing import chain

PAGERANK_ROUNDS = 10
HEAP = "3g"
"""The heap of the driver; in local mode it is the executors' heap, too."""
SHUFFLES = 4
"""Shuffle partitions, the same for all engines: enough for some millions of edges on few cores.

The project's own 64 would make GraphX several times slower.
"""
SOME = Options(communities=False)
TEN_ROUNDS = Options(communities=False, tolerance=0, max_rounds=PAGERANK_ROUNDS)
SMALL = 10_000
"""Edges of the small table, whose runs are not counted."""
SETTLE = 5
"""Seconds to wait between two runs."""
Run = Callable[[], int]


def main(what: str, folder: Path, rounds: int) -> None:
    """Runs the engines of the comparison `what` in turn, and prints the seconds of each, by name."""
    makers = {"side-by-side": side_by_side, "networkx": against_networkx, "distributed": distributed_alone}
    settings: dict[str, bool | float | int | str | None] = {
        "spark.driver.memory": HEAP,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": SHUFFLES,
        "spark.ui.showConsoleProgress": False,
    }
    spark = SparkSession.builder.appName(f"pulso bench {what}").config(map=settings).getOrCreate()
    runs = makers[what](spark, folder)
    with TemporaryDirectory(prefix="pulso-bench-") as small:
        write_edges(Path(small), SMALL)
        _by_turns(spark, runs, makers[what](spark, Path(small)), rounds)


def _by_turns(spark: SparkSession, runs: dict[str, Run], warm_ups: dict[str, Run], rounds: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    nodes = set[int]()
    for turn in range(rounds):
        for name, run in runs.items():
            if turn:
                warm_ups[name]()
            began = time.monotonic()
            nodes.add(run())
            seconds[name].append(time.monotonic() - began)
            print(f"{name}: {seconds[name][-1]:.2f} s", file=sys.stderr, flush=True)
            _cleared(spark)
    if len(nodes) != 1:
        raise PulsoError(f"the engines found different numbers of nodes: {sorted(nodes)}")
    print(orjson.dumps({"seconds": seconds, "nodes": nodes.pop()}).decode())


def side_by_side(spark: SparkSession, folder: Path) -> dict[str, Run]:
    """PageRank and components by each engine; GraphX and the distributed engine run the same number of rounds."""
    start, end, weight, nodes = ready_arrays(folder)
    return {
        "local": lambda: pulled(local(_edges(spark, folder), SOME)),
        "igraph": lambda: bare_igraph(start, end, weight, nodes),
        "graphx": lambda: _drawn(measured_by_graphx(_edges(spark, folder), PAGERANK_ROUNDS)),
        "distributed": lambda: pulled(distributed(_edges(spark, folder), TEN_ROUNDS)),
    }


def against_networkx(spark: SparkSession, folder: Path) -> dict[str, Run]:
    """First PageRank and components alone, then all measures, by the local engine and by NetworkX."""
    return {
        "local": lambda: pulled(local(_edges(spark, folder), SOME)),
        "networkx": lambda: by_networkx(folder, communities=False),
        "local, all": lambda: pulled(local(_edges(spark, folder), Options())),
        "networkx, all": lambda: by_networkx(folder, communities=True),
    }


def distributed_alone(spark: SparkSession, folder: Path) -> dict[str, Run]:
    """The distributed engine alone, with the options used beside GraphX; shows how its time grows with the edges."""
    return {"distributed": lambda: pulled(distributed(_edges(spark, folder), TEN_ROUNDS))}


def local(edges: DataFrame, options: Options) -> Measured:
    """Runs the local engine, including the step that counts the edges of each graph."""
    return measure_locally(edges, graphs_of(edges), options)


def distributed(edges: DataFrame, options: Options) -> Measured:
    """Runs the distributed engine, including the step that counts the edges of each graph."""
    return measure_distributed(edges, graphs_of(edges), options)


def pulled(measured: Measured) -> int:
    """Computes every node's row and the summary, releases both, and returns the number of nodes."""
    nodes = _drawn(measured.nodes)
    (summary,) = measured.summary.collect()
    print(summary, file=sys.stderr, flush=True)
    measured.release()
    return nodes


def bare_igraph(start: np.ndarray, end: np.ndarray, weight: np.ndarray, nodes: int) -> int:
    """Runs PageRank and components in igraph on integers only, without names; returns the number of nodes."""
    graph = igraph.Graph(n=nodes, edges=np.column_stack([start, end]), directed=True)
    graph.es["weight"] = weight.tolist()
    ranks = graph.pagerank(weights="weight")
    labels = graph.connected_components(mode="weak").membership
    return min(len(ranks), len(labels))


def by_networkx(folder: Path, *, communities: bool) -> int:
    """Runs PageRank and components in NetworkX from the same table; returns the number of nodes.

    With `communities`, it computes all the measures that the local engine returns.
    """
    edges = pq.read_table(folder, columns=["src", "dst", "weight"]).to_pandas()
    graph = nx.from_pandas_edgelist(edges, "src", "dst", "weight", create_using=nx.DiGraph)
    nx.pagerank(graph)
    parts = list(nx.weakly_connected_components(graph))
    if communities:
        degrees = [
            dict(side(weight=weight)) for side in (graph.in_degree, graph.out_degree) for weight in (None, "weight")
        ]
        undirected = _undirected(graph)
        found = nx.community.louvain_communities(undirected, seed=1)
        summary = {
            "nodes": len(degrees[0]),
            "components": len(parts),
            "giant_share": max(map(len, parts)) / len(graph),
            "density": nx.density(graph),
            "reciprocity": nx.overall_reciprocity(graph),
            "communities": len(found),
            "modularity": nx.community.modularity(undirected, found),
        }
        print("NetworkX", summary, file=sys.stderr, flush=True)
    return len(graph)


def _undirected(graph: nx.DiGraph) -> nx.Graph:
    """Returns one edge per pair, the weights of both directions added.

    NetworkX's own conversion keeps only one of the two weights, and takes longer.
    """
    undirected = nx.Graph()
    for one, other, weight in graph.edges(data="weight"):
        if undirected.has_edge(one, other):
            undirected[one][other]["weight"] += weight
        else:
            undirected.add_edge(one, other, weight=weight)
    return undirected


def ready_arrays(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Returns the edges as bare igraph needs them: start, end, weight, and the number of nodes."""
    table = pq.read_table(folder, columns=["src", "dst", "weight"])
    names = pc.unique(chain(table["src"], table["dst"]))
    start, end = (pc.index_in(table[side], names).to_numpy() for side in ("src", "dst"))
    return start, end, table["weight"].to_numpy(), len(names)


def _edges(spark: SparkSession, folder: Path) -> DataFrame:
    return spark.read.parquet(str(folder))


def _cleared(spark: SparkSession) -> None:
    """Frees the memory that a run has left, such as GraphX's graphs, so that the next run starts in the same state.

    Spark removes unreferenced data in the background, so this waits some seconds.
    """
    spark.catalog.clearCache()
    for rdd in spark.sparkContext._jsc.getPersistentRDDs().values():
        rdd.unpersist(True)
    jvm: Any = spark._jvm
    jvm.System.gc()
    os.sync()
    time.sleep(SETTLE)


def _drawn(nodes: DataFrame) -> int:
    """Computes figures that need each node's name, rank and component; returns the number of nodes."""
    asked = nodes.agg(F.count("node"), F.sum("pagerank"), F.max("component")).collect()[0]
    return int(asked[0])


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
