"""Chooses the engine for each graph: a small graph is measured in one process, a larger one on Spark frames."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame, SparkSession

from conf.graph import LOCAL_MAX_EDGES
from jobs.graphs.distributed import measure_distributed
from jobs.graphs.frames import EDGES, NODE_MEASURES, SUMMARY_MEASURES, Measured, Options
from jobs.graphs.keys import graphs_of, only
from jobs.graphs.local import measure_locally


def measure(edges: DataFrame, local_max_edges: int = LOCAL_MAX_EDGES, options: Options | None = None) -> Measured:
    """Measures every graph of a frame of EDGES; returns nodes and summaries of all graphs. Triggers Spark actions.

    A graph of up to `local_max_edges` edges goes to the local engine, a larger one to the distributed engine. The edges
    are read several times, so the caller should keep them in memory. A frame without edges returns frames without rows.
    """
    options = options or Options()
    graphs = graphs_of(edges)
    small = [graph for graph in graphs if graph.edges <= local_max_edges]
    large = [graph for graph in graphs if graph.edges > local_max_edges]
    parts = [
        by(edges if len(some) == len(graphs) else only(edges, some), some, options)
        for by, some in ((measure_locally, small), (measure_distributed, large))
        if some
    ]
    if not parts:
        return nothing(edges.sparkSession)
    return Measured(
        reduce(DataFrame.unionByName, [part.nodes for part in parts]),
        reduce(DataFrame.unionByName, [part.summary for part in parts]),
        lambda: _release(parts),
    )


def _release(parts: Sequence[Measured]) -> None:
    for part in parts:
        part.release()


def nothing(spark: SparkSession) -> Measured:
    """Returns the result for a frame without edges: frames with all columns and no rows."""
    keys = EDGES.partition(", src")[0]
    nodes = ", ".join(["node string", *(f"{name} {kind}" for name, kind in NODE_MEASURES.items())])
    summary = ", ".join([*(f"{name} {kind}" for name, kind in SUMMARY_MEASURES.items()), "engine string"])
    return Measured(
        spark.createDataFrame([], f"{keys}, {nodes}"), spark.createDataFrame([], f"{keys}, {summary}"), lambda: None
    )
