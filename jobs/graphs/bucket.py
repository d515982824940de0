"""Measures the graphs of a bucket in a Python process: from packed edges to one row per node and one row per graph.

It runs on the executors. It imports igraph only if communities are computed, since the import takes almost a second in
a new process.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.graphs.frames import NODE_MEASURES, SUMMARY_MEASURES
from jobs.graphs.leiden import Ints
from jobs.graphs.packing import gathered, unpacked
from jobs.graphs.sparse import node_measures, summary_measures, union_of

BATCH_ROWS = 100_000
"""Rows per batch that a task returns: some 10 MB."""
_ARROW = {"long": pa.int64(), "double": pa.float64()}
_OF = pa.struct([(name, _ARROW[kind]) for name, kind in SUMMARY_MEASURES.items()])
RESULT = pa.schema(
    [
        ("number", pa.int32()),
        ("node", pa.string()),
        *((name, _ARROW[kind]) for name, kind in NODE_MEASURES.items()),
        ("of", _OF),
    ]
)
"""The columns of a result.

A row is either a node's (then `of` is null) or a graph's (then only `number` and `of` have values).
"""


def measured_at_once(
    batches: Iterable[pa.RecordBatch], directed: np.ndarray, seed: int | None
) -> Iterator[pa.RecordBatch]:
    """Measures the graphs of a partition as one bucket; yields rows of RESULT.

    `batches` have the columns that `packed` reads. `directed` and `seed` are as for `measured`.
    """
    return _bucket(*gathered(batches), directed, seed)


def measured(batches: Iterable[pa.RecordBatch], directed: np.ndarray, seed: int | None) -> Iterator[pa.RecordBatch]:
    """Measures the buckets of a partition, from rows of PACKED; yields rows of RESULT.

    `directed` says for each graph, by its number, whether its edges have a direction. `seed` is the seed of the
    communities; if it is None, communities are not computed.
    """
    blobs = defaultdict[int, list[tuple[pa.Buffer, pa.Buffer]]](list)
    for batch in batches:
        for bucket, names, edges in zip(*batch.columns, strict=True):
            blobs[bucket.as_py()].append((names.as_buffer(), edges.as_buffer()))
    while blobs:
        _, some = blobs.popitem()
        yield from _bucket(*unpacked(*zip(*some, strict=True)), directed, seed)


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
    """Returns rows of RESULT; a column that is not given is null."""
    given = {"number": number, **columns}
    arrays = [_column(given.get(field.name), field.type, len(number)) for field in RESULT]
    return pa.RecordBatch.from_arrays(arrays, schema=RESULT)


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """Returns the values as an Arrow array, null where they are NaN; all null where `values` is None."""
    if values is None:
        return pa.nulls(rows, kind)
    return values if isinstance(values, pa.Array) else pa.array(values, kind, from_pandas=True)
