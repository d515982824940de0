"""The local engine: numpy and igraph measure each graph in one process, many graphs in parallel on the executors."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.graphs.bucket import RESULT, measured, measured_at_once
from jobs.graphs.frames import NODE_MEASURES, Measured, Options
from jobs.graphs.keys import Graph, buckets_of, hash_of, numbered, with_keys
from jobs.graphs.packing import PACKED, packed
from jobs.graphs.scratch import Scratch

ENGINE = "igraph"
BUCKET_EDGES = 2_000_000
"""About how many edges a bucket of small graphs holds: some 100 MB in Python."""
AT_ONCE, ONE_AT_ONCE = 100_000, 1_000_000
"""Up to this many edges (the second number, if there is only one graph), one task reads and measures all graphs.

Two stages would take longer.
"""


def measure_locally(edges: DataFrame, graphs: Sequence[Graph], options: Options) -> Measured:
    """Measures all graphs of a frame; `graphs` must list exactly these. Triggers a Spark action.

    The rows of nodes and of graphs are held until `release` is called. Raises ValueError if there are no graphs.
    """
    if not graphs:
        raise ValueError("no graphs to measure")
    directed = np.array([graph.directed for graph in graphs])
    seed = options.seed if options.communities else None
    hashes = [hash_of(end).alias(f"{end}_hash") for end in ("src", "dst")]
    hashed = numbered(edges, graphs, "src", "dst", *hashes, "weight")
    # Python functions of whole partitions, since igraph is a Python library. Their cost: each edge goes to Python once
    # as Arrow columns, to be packed, and once as three integers, to the process that measures its graph.
    if sum(graph.edges for graph in graphs) <= (ONE_AT_ONCE if len(graphs) == 1 else AT_ONCE):
        whole = partial(measured_at_once, directed=directed, seed=seed)
        rows = hashed.coalesce(1).mapInArrow(whole, from_arrow_schema(RESULT))
    else:
        buckets = buckets_of(graphs, 4 * edges.sparkSession.sparkContext.defaultParallelism, BUCKET_EDGES)
        rows = (
            hashed.mapInArrow(partial(packed, bucket_of=np.array(buckets)), from_arrow_schema(PACKED))
            .repartition(max(buckets) + 1, "bucket")
            .mapInArrow(partial(measured, directed=directed, seed=seed), from_arrow_schema(RESULT))
        )
    scratch = Scratch()
    result = scratch.cut(rows)
    return Measured(
        with_keys(result.where(F.col("node").isNotNull()), graphs, ["node", *NODE_MEASURES]),
        with_keys(result.where(F.col("node").isNull()), graphs, ["of.*", F.lit(ENGINE).alias("engine")]),
        scratch.close,
    )
