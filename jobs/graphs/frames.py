"""What the graph engines take and give: the frames' columns, and what a caller may set."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame

KEYS = ["graph", "period", "period_start", "period_end"]
"""What tells one graph of a frame from another."""
DAMPING = 0.85
"""Of PageRank, as in Brin and Page (1998)."""

EDGES = "graph string, period string, period_start timestamp, period_end timestamp, src string, dst string, weight long"
"""One row an edge and graph, self-edges left out; in an undirected graph src < dst."""
NODE_MEASURES = {
    "in_degree": "long",
    "out_degree": "long",
    "in_weight": "long",
    "out_weight": "long",
    "pagerank": "double",
    "component": "long",
    "community": "long",
}
"""Of a node, with Spark's types; in an undirected graph in and out are the same."""
SUMMARY_MEASURES = {
    "nodes": "long",
    "edges": "long",
    "weight": "long",
    "density": "double",
    "reciprocity": "double",
    "components": "long",
    "giant_share": "double",
    "communities": "long",
    "modularity": "double",
}
"""Of a graph, with Spark's types; reciprocity of an undirected graph is null."""
NODES = [*KEYS, "node", *NODE_MEASURES]
SUMMARY = [*KEYS, *SUMMARY_MEASURES, "engine"]


@dataclass(frozen=True)
class Options:
    """What an engine is asked for.

    `communities`: without them, `community`, `communities` and `modularity` are null. `max_rounds`: of the distributed
    PageRank, which ends earlier once the L1 change of every graph is under `tolerance`. `seed` is that of Leiden.
    """

    communities: bool = True
    tolerance: float = 1e-8
    max_rounds: int = 200
    seed: int = 2016


@dataclass(frozen=True)
class Measured:
    """What an engine gives: the frames NODES and SUMMARY, held in memory or on disk until `release` is called."""

    nodes: DataFrame
    summary: DataFrame
    release: Callable[[], None]
