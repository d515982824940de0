"""The graphs of a frame, numbered: a number stands for the four key columns while a graph is measured."""

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
    """One graph of a frame: its key (period_start and period_end in UTC microseconds) and its number of edges."""

    graph: str
    period: str
    start: int
    end: int
    edges: int

    @property
    def directed(self) -> bool:
        """Whether an edge counts one way only."""
        return self.graph not in UNDIRECTED_GRAPHS


def graphs_of(edges: DataFrame) -> list[Graph]:
    """The graphs of a frame in the order of their keys. An action: a row a graph comes to the driver."""
    micros = [F.unix_micros("period_start").alias("start"), F.unix_micros("period_end").alias("end")]
    rows = edges.groupBy("graph", "period", *micros).count().collect()
    return sorted((Graph(*row) for row in rows), key=lambda g: (g.graph, g.period, g.start, g.end))


def buckets_of(graphs: Sequence[Graph], least: int, capacity: int) -> list[int]:
    """A bucket for each graph, so that buckets hold about as many edges: the largest graph first, to the emptiest.

    There are at least `least` buckets (fewer where there are fewer graphs), and more where the edges exceed `capacity`
    a bucket.
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
    """The edges of these graphs."""
    return edges.join(F.broadcast(_frame(edges.sparkSession, graphs)), KEYS, "left_semi")


def numbered(edges: DataFrame, graphs: Sequence[Graph], *columns: Column | str) -> DataFrame:
    """The edges of a frame that holds these graphs and no others, as number and the columns asked for."""
    if len(graphs) == 1:
        return edges.select(F.lit(0).alias("number"), *columns)
    keys = _frame(edges.sparkSession, graphs)
    return edges.join(F.broadcast(keys), KEYS, "inner").select("number", *columns)


def hash_of(name: str) -> Column:
    """A node's 64-bit hash: in its order nodes are numbered, and of groups of one size the first is labelled first."""
    return F.xxhash64(name)


def with_keys(measured: DataFrame, graphs: Sequence[Graph], columns: Sequence[Column | str]) -> DataFrame:
    """The key columns in place of the number, then `columns`."""
    key = _stored(graphs)[F.col("number")]
    return measured.select(*_key_columns(lambda name: key[name]), *columns)


def _frame(spark: SparkSession, graphs: Sequence[Graph]) -> DataFrame:
    """The keys with their numbers."""
    stored = spark.range(1).select(F.posexplode(_stored(graphs)).alias("number", "key"))
    return stored.select(*_key_columns(lambda name: F.col("key")[name]), "number")


def _stored(graphs: Sequence[Graph]) -> Column:
    """The keys in order, in one literal: rows from Python would start a Python worker, and a join for them a job."""
    rows = [{"graph": g.graph, "period": g.period, "start": g.start, "end": g.end} for g in graphs]
    return F.from_json(F.lit(json.dumps(rows)), f"array<struct<{_STORED}>>")


def _key_columns(stored: Callable[[str], Column]) -> list[Column]:
    """KEYS from what _STORED names."""
    micros = {"period_start": stored("start"), "period_end": stored("end")}
    return [
        *(stored(name).alias(name) for name in ("graph", "period")),
        *(F.timestamp_micros(column).alias(name) for name, column in micros.items()),
    ]
