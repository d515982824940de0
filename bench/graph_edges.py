"""Writes the edge table for the graph benchmarks: made up, with the heavy tails of real retweet graphs."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FILES = 8
EDGES_A_NODE = 5
_START, _END = datetime(2016, 2, 9, tzinfo=UTC), datetime(2016, 5, 10, tzinfo=UTC)
_INSTANT = pa.timestamp("us", "UTC")


def write_edges(folder: Path, edges: int, seed: int = 2016) -> None:
    """Writes an aggregated edge table of one graph with string names, as Parquet files in `folder`.

    The same `edges` and `seed` write the same table. There are five edges per node. The source of an edge is drawn by a
    power law, the target by a steeper one; weights are geometric. Every node has an edge.
    """
    nodes, ends = edges // EDGES_A_NODE, _ends(edges // EDGES_A_NODE, edges, seed)
    numbers = np.random.default_rng(seed).permutation(nodes) * 7919
    names = pa.array([f"user{number:x}" for number in numbers])
    weight = np.random.default_rng(seed + 1).geometric(0.5, len(ends))
    folder.mkdir(parents=True, exist_ok=True)
    step = -(-len(ends) // FILES)
    for file, first in enumerate(range(0, len(ends), step)):
        some = ends[first : first + step]
        table = {
            "graph": _same("retweet", pa.string(), len(some)),
            "period": _same("window", pa.string(), len(some)),
            "period_start": _same(_START, _INSTANT, len(some)),
            "period_end": _same(_END, _INSTANT, len(some)),
            "src": names.take(pa.array(some[:, 0])),
            "dst": names.take(pa.array(some[:, 1])),
            "weight": weight[first : first + step],
        }
        pq.write_table(pa.table(table), folder / f"{file}.parquet")


def _ends(nodes: int, edges: int, seed: int) -> np.ndarray:
    """Returns different pairs of different nodes, as columns src and dst, in no order."""
    draw = np.random.default_rng(seed)
    drawn = int(edges * 1.3) + nodes
    acting, acted_on = ((nodes * draw.random(drawn) ** power).astype(np.int64) for power in (1.5, 3.0))
    acting[:nodes] = np.arange(nodes)
    src, dst = draw.permutation(nodes)[acting], draw.permutation(nodes)[acted_on]
    _, first = np.unique(src * nodes + dst, return_index=True)
    first = np.sort(first[src[first] != dst[first]])[:edges]
    return np.column_stack([src[first], dst[first]])


def _same(value: object, kind: pa.DataType, times: int) -> pa.Array:
    return pa.array([value], kind).take(pa.array(np.zeros(times, np.int64)))
