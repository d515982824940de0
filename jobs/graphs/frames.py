"""The frames that the graph engines read and return, and the options that a caller may set."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame

KEYS = ["graph", "period", "period_start", "period_end"]
"""The columns that identify one graph in a frame."""
DAMPING = 0.85
"""The damping of PageRank, as in Brin and Page (1998)."""

EDGES = "graph string, period string, period_start timestamp, period_end timestamp, src string, dst string, weight long"
"""One row per edge and graph, without self-edges; in an undirected graph, a pair of nodes stands in one order only."""
NODE_MEASURES = {
    "in_degree": "long",
    "out_degree": "long",
    "in_weight": "long",
    "out_weight": "long",
    "pagerank": "double",
    "component": "long",
    "community": "long",
}
"""A node's measures with their Spark types; in an undirected graph in and out are the same."""
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
"""A graph's measures with their Spark types; the reciprocity of an undirected graph is null."""
COUNTED = ("nodes", "edges", "weight", "components", "communities")
"""The measures that are 0 for a graph that has only self-edges; its other measures are null."""
NODES = [*KEYS, "node", *NODE_MEASURES]
SUMMARY = [*KEYS, *SUMMARY_MEASURES, "engine"]


@dataclass(frozen=True)
class Options:
    """The options of an engine.

    `communities`: if False, `community`, `communities` and `modularity` are null. `max_rounds`: the greatest number of
    rounds of the distributed PageRank. It ends earlier when the total change of the ranks in a round (L1) is below
    `tolerance` in every graph. `seed`: the seed of Leiden, which the local engine uses.
    """

    communities: bool = True
    tolerance: float = 1e-8
    max_rounds: int = 200
    seed: int = 2016


@dataclass(frozen=True)
class Measured:
    """The result of an engine: the frames NODES and SUMMARY, held in memory or on disk until `release` is called."""

    nodes: DataFrame
    summary: DataFrame
    release: Callable[[], None]
