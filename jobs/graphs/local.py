"""The local engine: each graph in one process by numpy and igraph, graphs side by side on the executors."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from jobs.graphs.frames import NODE_MEASURES, SUMMARY_MEASURES, Measured, Options
from jobs.graphs.keys import Graph, buckets_of, hash_of, numbered, with_keys
from jobs.graphs.measures import Ints, node_measures, summary_measures, union_of
from jobs.graphs.packing import PACKED, packed, unpacked
from jobs.graphs.scratch import Scratch

ENGINE = "igraph"
BUCKET_EDGES = 2_000_000
"""Edges that a bucket of small graphs holds, about: some 100 MB in Python."""
BATCH_ROWS = 100_000
"""Rows that a task hands back at a time: some 10 MB."""
_ARROW = {"long": pa.int64(), "double": pa.float64()}
_OF = pa.struct([(name, _ARROW[kind]) for name, kind in SUMMARY_MEASURES.items()])
_RESULT = pa.schema(
    [
        ("number", pa.int32()),
        ("node", pa.string()),
        *((name, _ARROW[kind]) for name, kind in NODE_MEASURES.items()),
        ("of", _OF),
    ]
)
"""A row a node, with nothing in `of`, and a row a graph, with nothing but that."""


def measure_locally(edges: DataFrame, graphs: Sequence[Graph], options: Options) -> Measured:
    """Measures the graphs of a frame, all of them.

    Acts: a node's row and a graph's row, the one without a node, come from the same pass, which is kept until released.
    """
    if not graphs:
        raise ValueError("no graphs to measure")
    cores = edges.sparkSession.sparkContext.defaultParallelism
    buckets = buckets_of(graphs, 4 * cores, BUCKET_EDGES)
    # Python functions of whole partitions, since igraph lives there. Their cost: an edge goes through Python once to be
    # packed, as Arrow columns, and once as three integers to the process that measures its graph.
    scratch = Scratch()
    hashes = [hash_of(end).alias(f"{end}_hash") for end in ("src", "dst")]
    result = scratch.cut(
        numbered(edges, graphs, buckets, "src", "dst", *hashes, "weight")
        .mapInArrow(packed, from_arrow_schema(PACKED))
        .repartition(max(buckets) + 1, "bucket")
        .mapInArrow(_measures_of([graph.directed for graph in graphs], options), from_arrow_schema(_RESULT))
    )
    return Measured(
        with_keys(result.where(F.col("node").isNotNull()), graphs, ["node", *NODE_MEASURES]),
        with_keys(result.where(F.col("node").isNull()), graphs, ["of.*", F.lit(ENGINE).alias("engine")]),
        scratch.close,
    )


def _measures_of(
    directed: Sequence[bool], options: Options
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """What measures the buckets of a partition: from rows of PACKED to rows of _RESULT."""
    flags = np.array(directed)
    seed = options.seed if options.communities else None

    def measures(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        blobs = defaultdict[int, list[tuple[pa.Buffer, pa.Buffer]]](list)
        for batch in batches:
            for bucket, names, edges in zip(*batch.columns, strict=True):
                blobs[bucket.as_py()].append((names.as_buffer(), edges.as_buffer()))
        while blobs:
            _, some = blobs.popitem()
            yield from _bucket(*unpacked(*zip(*some, strict=True)), flags, seed)

    return measures


def _bucket(
    names: pa.Array, number: Ints, src: Ints, dst: Ints, weight: Ints, directed: np.ndarray, seed: int | None
) -> Iterator[pa.RecordBatch]:
    numbers, number = (number[:1], number) if len(directed) == 1 else np.unique(number, return_inverse=True)
    union = union_of(number, src, dst, weight, len(names), directed[numbers])
    of_nodes = node_measures(union, seed)
    of_graphs = summary_measures(union, of_nodes)
    named = names.take(pa.array(union.name_of))
    rows = _batch(number=numbers[union.graph_of], node=named, **of_nodes)
    for first in range(0, union.nodes, BATCH_ROWS):
        yield rows.slice(first, BATCH_ROWS)
    columns = [_column(of_graphs[field.name], field.type, len(numbers)) for field in _OF]
    yield _batch(number=numbers, of=pa.StructArray.from_arrays(columns, [field.name for field in _OF]))


def _batch(number: Ints, **columns: Any) -> pa.RecordBatch:
    """Rows of _RESULT; a column that is not given is null."""
    given = {"number": number, **columns}
    arrays = [_column(given.get(field.name), field.type, len(number)) for field in _RESULT]
    return pa.RecordBatch.from_arrays(arrays, schema=_RESULT)


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """Values, null where they are NaN; nothing but nulls where there are no values."""
    if values is None:
        return pa.nulls(rows, kind)
    return values if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)
