"""Numbers the graphs of a frame. While the graphs are measured, a number replaces the four key columns of each."""

import heapq
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.tables import UNDIRECTED_GRAPHS
from jobs.graphs.frames import KEYS

_STORED = "graph: string, period: string, start: long, end: long"


@dataclass(frozen=True)
class Graph:
    """One graph of a frame: its key (`start` and `end` in microseconds since 1970, UTC) and its number of edges."""

    graph: str
    period: str
    start: int
    end: int
    edges: int

    @property
    def directed(self) -> bool:
        """Whether edges have a direction."""
        return self.graph not in UNDIRECTED_GRAPHS


def graphs_of(edges: DataFrame) -> list[Graph]:
    """Returns the graphs of a frame, sorted by key. Triggers a Spark action; one row per graph comes to the driver."""
    micros = [F.unix_micros("period_start").alias("start"), F.unix_micros("period_end").alias("end")]
    rows = edges.groupBy("graph", "period", *micros).count().collect()
    return sorted((Graph(*row) for row in rows), key=lambda g: (g.graph, g.period, g.start, g.end))


def buckets_of(graphs: Sequence[Graph], least: int, capacity: int) -> list[int]:
    """Returns a bucket number for each graph, so that all buckets hold about the same number of edges.

    The largest graph comes first; each goes into the bucket with the fewest edges so far. There are at least `least`
    buckets, and more if a bucket would have over `capacity` edges on average; but never more buckets than graphs.
    """
    total = sum(graph.edges for graph in graphs)
    heap = [(0, bucket) for bucket in range(min(len(graphs), max(least, -(-total // capacity))))]
    buckets = [0] * len(graphs)
    for number in sorted(range(len(graphs)), key=lambda number: -graphs[number].edges):
        filled, bucket = heap[0]
        buckets[number] = bucket
        heapq.heapreplace(heap, (filled + graphs[number].edges, bucket))
    return buckets


def only(edges: DataFrame, graphs: Sequence[Graph]) -> DataFrame:
    """Returns the edges of these graphs."""
    return edges.join(F.broadcast(_frame(edges.sparkSession, graphs)), on=KEYS, how="left_semi")


def numbered(edges: DataFrame, graphs: Sequence[Graph], *columns: Column | str) -> DataFrame:
    """Returns number and `columns` for each edge of a frame that holds exactly these graphs."""
    if len(graphs) == 1:
        return edges.select(F.lit(0).alias("number"), *columns)
    keys = _frame(edges.sparkSession, graphs)
    return edges.join(F.broadcast(keys), on=KEYS, how="inner").select("number", *columns)


def hash_of(name: str) -> Column:
    """Returns the 64-bit hash of a node's name. It gives a fixed order of nodes, and of groups of equal size."""
    return F.xxhash64(name)


def with_keys(measured: DataFrame, graphs: Sequence[Graph], columns: Sequence[Column | str]) -> DataFrame:
    """Returns the four key columns in place of the number, then `columns`."""
    key = _stored(graphs)[F.col("number")]
    return measured.select(*_key_columns(lambda name: key[name]), *columns)


def _frame(spark: SparkSession, graphs: Sequence[Graph]) -> DataFrame:
    """Returns the keys of the graphs with their numbers."""
    stored = spark.range(1).select(F.posexplode(_stored(graphs)).alias("number", "key"))
    return stored.select(*_key_columns(lambda name: F.col("key")[name]), "number")


def _stored(graphs: Sequence[Graph]) -> Column:
    """Returns the keys, in order, as one literal; rows from Python would start a Python worker and one more job."""
    rows = [{"graph": g.graph, "period": g.period, "start": g.start, "end": g.end} for g in graphs]
    return F.from_json(F.lit(json.dumps(rows)), f"array<struct<{_STORED}>>")


def _key_columns(stored: Callable[[str], Column]) -> list[Column]:
    """Returns KEYS from the fields of _STORED; `stored` returns the column for a field's name."""
    micros = {"period_start": stored("start"), "period_end": stored("end")}
    return [
        *(stored(name).alias(name) for name in ("graph", "period")),
        *(F.timestamp_micros(column).alias(name) for name, column in micros.items()),
    ]
