"""`python -m bench.graph_runs side-by-side|networkx|distributed FOLDER ROUNDS`: seconds as JSON on stdout.

A process of its own, since a Spark session is one. Every engine starts from the same Parquet table of edges with
names, and ends with a figure from each of its nodes' rows; bare igraph starts from arrays of integers.

The first round begins cold, in a new session. Before each run of a later one the same is done to a small table, which
is not counted: it starts what has ended meanwhile, such as Spark's Python processes, which end after a minute.
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
"""The driver's, which in local mode is the executors' too."""
SHUFFLES = 4
"""For all alike: what suits some millions of edges on few cores. The project's 64 cost GraphX several times more."""
SOME = Options(communities=False)
TEN_ROUNDS = Options(communities=False, tolerance=0, max_rounds=PAGERANK_ROUNDS)
SMALL = 10_000
"""Edges of the table that is not counted."""
SETTLE = 5
"""Seconds between two runs."""
Run = Callable[[], int]


def main(what: str, folder: Path, rounds: int) -> None:
    """Runs what is asked for by turns, and prints the seconds of each by name."""
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
    """PageRank and components by each engine; GraphX and the distributed engine do the same number of rounds."""
    start, end, weight, nodes = ready_arrays(folder)
    return {
        "local": lambda: pulled(local(_edges(spark, folder), SOME)),
        "igraph": lambda: bare_igraph(start, end, weight, nodes),
        "graphx": lambda: _drawn(measured_by_graphx(_edges(spark, folder), PAGERANK_ROUNDS)),
        "distributed": lambda: pulled(distributed(_edges(spark, folder), TEN_ROUNDS)),
    }


def against_networkx(spark: SparkSession, folder: Path) -> dict[str, Run]:
    """PageRank and components alone, then all measures."""
    return {
        "local": lambda: pulled(local(_edges(spark, folder), SOME)),
        "networkx": lambda: by_networkx(folder, communities=False),
        "local, all": lambda: pulled(local(_edges(spark, folder), Options())),
        "networkx, all": lambda: by_networkx(folder, communities=True),
    }


def distributed_alone(spark: SparkSession, folder: Path) -> dict[str, Run]:
    """The distributed engine by itself, as it stands beside GraphX: what its growth is taken from."""
    return {"distributed": lambda: pulled(distributed(_edges(spark, folder), TEN_ROUNDS))}


def local(edges: DataFrame, options: Options) -> Measured:
    """The local engine, the look at the graphs' sizes included."""
    return measure_locally(edges, graphs_of(edges), options)


def distributed(edges: DataFrame, options: Options) -> Measured:
    """The distributed engine, the look at the graphs' sizes included."""
    return measure_distributed(edges, graphs_of(edges), options)


def pulled(measured: Measured) -> int:
    """Asks for every node's row and for the summary, then lets go of them; gives the number of nodes."""
    nodes = _drawn(measured.nodes)
    (summary,) = measured.summary.collect()
    print(summary, file=sys.stderr, flush=True)
    measured.release()
    return nodes


def bare_igraph(start: np.ndarray, end: np.ndarray, weight: np.ndarray, nodes: int) -> int:
    """What igraph takes for PageRank and components when nothing but integers is asked of it."""
    graph = igraph.Graph(n=nodes, edges=np.column_stack([start, end]), directed=True)
    graph.es["weight"] = weight.tolist()
    ranks = graph.pagerank(weights="weight")
    labels = graph.connected_components(mode="weak").membership
    return min(len(ranks), len(labels))


def by_networkx(folder: Path, *, communities: bool) -> int:
    """What NetworkX takes for PageRank and components from the same table, or for all that the local engine gives."""
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
    """One edge a pair, the weights of both directions added; NetworkX's own way keeps one of them, and takes longer."""
    undirected = nx.Graph()
    for one, other, weight in graph.edges(data="weight"):
        if undirected.has_edge(one, other):
            undirected[one][other]["weight"] += weight
        else:
            undirected.add_edge(one, other, weight=weight)
    return undirected


def ready_arrays(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The edges as bare igraph wants them: start, end, weight, and the number of nodes."""
    table = pq.read_table(folder, columns=["src", "dst", "weight"])
    names = pc.unique(chain(table["src"], table["dst"]))
    start, end = (pc.index_in(table[side], names).to_numpy() for side in ("src", "dst"))
    return start, end, table["weight"].to_numpy(), len(names)


def _edges(spark: SparkSession, folder: Path) -> DataFrame:
    return spark.read.parquet(str(folder))


def _cleared(spark: SparkSession) -> None:
    """Lets go of all that a run has left in memory, so that the next begins as it did: GraphX keeps its graphs.

    Spark removes what nothing refers to any more in the background, hence the wait.
    """
    spark.catalog.clearCache()
    for rdd in spark.sparkContext._jsc.getPersistentRDDs().values():
        rdd.unpersist(True)
    jvm: Any = spark._jvm
    jvm.System.gc()
    os.sync()
    time.sleep(SETTLE)


def _drawn(nodes: DataFrame) -> int:
    """Asks for each node's name, rank and component."""
    asked = nodes.agg(F.count("node"), F.sum("pagerank"), F.max("component")).collect()[0]
    return int(asked[0])


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
