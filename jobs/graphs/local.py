"""The local engine: each graph in one process by numpy and igraph, graphs side by side on the executors."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.graphs.frames import NODE_MEASURES, SUMMARY_MEASURES, Measured, Options
from jobs.graphs.keys import Graph, buckets_of, numbered, with_keys
from jobs.graphs.measures import node_measures, summary_measures, union_of
from jobs.graphs.packing import PACKED, packed, unpacked
from jobs.graphs.scratch import Scratch

ENGINE = "igraph"
BUCKET_EDGES = 2_000_000
"""Edges that a bucket of small graphs holds, about: some 100 MB in Python."""
_SUMMARY = ", ".join(f"{name}: {kind}" for name, kind in SUMMARY_MEASURES.items())
_RESULT = ", ".join(
    ["number int", "node string", *(f"{name} {kind}" for name, kind in NODE_MEASURES.items()), f"of struct<{_SUMMARY}>"]
)
"""A row a node, with nothing in `of`, and a row a graph, with nothing but that."""


def measure_locally(edges: DataFrame, graphs: Sequence[Graph], options: Options) -> Measured:
    """Measures these graphs of the frame. Acts: a node's row and a graph's row, the one without a node, come from the
    same pass, which is kept until released.
    """
    if not graphs:
        raise ValueError("no graphs to measure")
    cores = edges.sparkSession.sparkContext.defaultParallelism
    buckets = buckets_of(graphs, 4 * cores, BUCKET_EDGES)
    # Python group functions, since igraph lives there. Their cost: an edge goes through Python once to be packed, as
    # Arrow columns, and once as three integers to the process that measures its graph.
    scratch = Scratch()
    result = scratch.cut(
        numbered(edges, graphs, buckets, "src", "dst", "weight")
        .mapInArrow(packed, PACKED)
        .repartition(max(buckets) + 1, "bucket")
        .groupBy("bucket")
        .applyInPandas(_bucket_measures([graph.directed for graph in graphs], options), _RESULT)
    )
    return Measured(
        with_keys(result.where(F.col("node").isNotNull()), graphs, ["node", *NODE_MEASURES]),
        with_keys(result.where(F.col("node").isNull()), graphs, ["of.*", F.lit(ENGINE).alias("engine")]),
        scratch.close,
    )


def _bucket_measures(directed: Sequence[bool], options: Options) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What measures one bucket: from rows of PACKED to rows of _RESULT."""
    flags = np.array(directed)
    seed = options.seed if options.communities else None

    def measures(rows: pd.DataFrame) -> pd.DataFrame:
        names, number, src, dst, weight = unpacked(rows["names"], rows["edges"])
        numbers, number = (number[:1], number) if len(flags) == 1 else np.unique(number, return_inverse=True)
        union = union_of(number, src, dst, weight, len(names), flags[numbers])
        of_nodes = node_measures(union, seed)
        of_graphs = summary_measures(union, of_nodes)
        graphs = len(numbers)
        columns = {
            "number": np.concatenate([numbers[union.graph_of], numbers]),
            "node": np.append(names.take(pa.array(union.name_of)).to_numpy(zero_copy_only=False), [None] * graphs),
        }
        columns |= {name: _padded(of_nodes[name], graphs) for name in NODE_MEASURES}
        figures = [[_plain(values, place) for values in of_graphs.values()] for place in range(graphs)]
        told = [dict(zip(of_graphs, row, strict=True)) for row in figures]
        return pd.DataFrame(columns | {"of": [None] * union.nodes + told})

    return measures


def _padded(values: Any, nulls: int) -> Any:
    """Values with nulls after them; nothing but nulls where there are no values."""
    if values is None:
        return None
    padded = np.append(values, np.zeros(nulls, values.dtype))
    missing = np.arange(len(padded)) >= len(values)
    integers = padded.dtype == np.int64
    return pd.arrays.IntegerArray(padded, missing) if integers else np.where(missing, np.nan, padded)


def _plain(values: Any, place: int) -> Any:
    """One of an array's values for Python; nothing for NaN, and where there are no values."""
    value = None if values is None else values[place].item()
    return None if value != value else value  # noqa: PLR0124 - what NaN alone is
