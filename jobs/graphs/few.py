"""Few edges: the tables of all their graphs, computed on Spark's driver with NumPy and pandas.

For some thousand edges, Spark takes seconds to plan and compile the joins and sorts that make the tables of large
graphs, and a second to start a Python worker. Here nothing is planned. The figures are those of the local engine.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from conf.tables import UNDIRECTED_GRAPHS
from jobs.graphs.bucket import RESULT, measured_at_once
from jobs.graphs.frames import COUNTED, EDGES, KEYS, NODE_MEASURES, SUMMARY_MEASURES
from jobs.graphs.keys import hash_of
from jobs.graphs.local import ENGINE
from jobs.graphs.sides import few_with_sides
from jobs.measures.authors import PREFIX

TIMES = "first_at timestamp, last_at timestamp"
_PREFIX = re.compile(PREFIX)
_KEYS = EDGES.partition(", src")[0]
_SENT = ("number", "src", "dst", "weight", "src_hash", "dst_hash")


class Few(NamedTuple):
    """The tables of graphs: edges without self-edges, nodes, the first nodes by each measure, and summaries."""

    edges: DataFrame
    nodes: DataFrame
    tops: DataFrame
    summary: DataFrame


def few_edges(edges: DataFrame, most: int) -> pd.DataFrame | None:
    """Returns the rows of a frame as `tables_of` takes them, by one Spark action; None if they are more than `most`.

    The frame has EDGES with `first_at` and `last_at`, self-edges included.
    """
    hashes = [hash_of(end).alias(f"{end}_hash") for end in ("src", "dst")]
    wanted = edges.select(*KEYS, "src", "dst", "weight", "first_at", "last_at", *hashes)
    found: pd.DataFrame = wanted.limit(most + 1).toPandas()
    return found if len(found) <= most else None


def largest_of(found: pd.DataFrame) -> int:
    """Returns the number of edges of the graph that has the most, self-edges included."""
    return int(found.groupby(KEYS).size().max()) if len(found) else 0


def tables_of(
    spark: SparkSession,
    found: pd.DataFrame,
    measures: Sequence[str],
    top: int,
    seed: int,
    labels: Mapping[str, str] | None = None,
) -> Few:
    """Returns the tables of all graphs whose edges `few_edges` has returned.

    `measures` are those by which the first `top` nodes of a graph are listed; equal values are ordered by name. `seed`
    is the seed of the communities, and `labels` are the known labels of accounts by their keys.
    """
    keys = found[KEYS].drop_duplicates().sort_values(KEYS, ignore_index=True)
    found = found.assign(number=found.groupby(KEYS).ngroup())
    is_loop = found["src"] == found["dst"]  # compares whole strings
    loops, kept = found[is_loop], found[~is_loop]
    nodes, graphs = _measured(kept, keys, seed)
    kept, nodes = _with_places(kept, nodes)
    nodes, graphs = few_with_sides(nodes, graphs, kept, keys)
    nodes = nodes.merge(_times(kept), on=["number", "node_place"])
    nodes = nodes.assign(label=_labels(nodes, keys, labels or {}))
    tops = pd.concat(_tops(nodes, measure, top) for measure in measures)
    types = ", ".join(f"{name} {kind}" for name, kind in NODE_MEASURES.items())
    of_graphs = ", ".join(f"{name} {kind}" for name, kind in SUMMARY_MEASURES.items())
    return Few(
        _frame(spark, kept, f"{EDGES}, {TIMES}"),
        _frame(spark, _named(nodes, keys), f"{_KEYS}, node string, label string, {types}, {TIMES}"),
        _frame(
            spark, _named(tops, keys), f"{_KEYS}, node string, label string, measure string, value double, rank int"
        ),
        _frame(spark, _summary(graphs, loops, keys), f"{_KEYS}, {of_graphs}, self_edges long, engine string"),
    )


def _measured(kept: pd.DataFrame, keys: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the measures of all nodes, and of all graphs that have edges, with the numbers of their graphs."""
    directed = ~keys["graph"].isin(UNDIRECTED_GRAPHS).to_numpy()
    batch = pa.RecordBatch.from_pandas(kept[list(_SENT)], preserve_index=False)
    rows = pa.Table.from_batches(measured_at_once([batch], directed, seed) if len(kept) else [], RESULT)
    nodes = rows.filter(rows["node"].is_valid()).drop_columns("of").to_pandas()
    of_graphs = rows.filter(rows["of"].is_valid()).select(["number", "of"]).flatten()
    return nodes, of_graphs.rename_columns(["number", *SUMMARY_MEASURES]).to_pandas()


def _with_places(kept: pd.DataFrame, nodes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Adds to each name its place in the order of all names, as `src_place`, `dst_place` and `node_place`.

    pandas must not compare the names themselves: to it, a name ends at its first NUL character.
    """
    columns = [kept["src"], kept["dst"], nodes["node"]]
    places = np.unique(np.concatenate(columns), return_inverse=True)[1]
    src, dst, node = np.split(places, np.cumsum([len(column) for column in columns])[:-1])
    return kept.assign(src_place=src, dst_place=dst), nodes.assign(node_place=node)


def _times(kept: pd.DataFrame) -> pd.DataFrame:
    """Returns the times of the first and of the last post of each node's edges."""
    columns = ["number", "node_place", "first_at", "last_at"]
    ends = pd.concat(kept.rename(columns={f"{end}_place": "node_place"})[columns] for end in ("src", "dst"))
    return ends.groupby(["number", "node_place"], as_index=False).agg({"first_at": "min", "last_at": "max"})


def _labels(nodes: pd.DataFrame, keys: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """Returns what people read of each node, as `jobs.measures.authors.label` does for large graphs."""
    is_tag = keys["graph"].eq("hashtag").to_numpy()[nodes["number"]]
    pairs = zip(nodes["node"], is_tag, strict=True)
    return [node if tag else labels.get(node) or _PREFIX.sub("", node) for node, tag in pairs]


def _tops(nodes: pd.DataFrame, measure: str, top: int) -> pd.DataFrame:
    ordered = nodes.sort_values(["number", measure, "node_place"], ascending=[True, False, True])
    rank = ordered.groupby("number").cumcount() + 1
    value = ordered[measure].astype("float64")
    return ordered[["number", "node", "label"]].assign(measure=measure, value=value, rank=rank.astype("int32"))[
        rank <= top
    ]


def _summary(graphs: pd.DataFrame, loops: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """Returns a row for each graph; a graph that has only self-edges has counts of zero, and no other measures."""
    told = keys.assign(number=np.arange(len(keys))).merge(graphs.assign(engine=ENGINE), on="number", how="left")
    counts = np.bincount(loops["number"], minlength=len(keys))
    zeros = {name: told[name].fillna(0).astype("int64") for name in COUNTED}
    return told.assign(**zeros, self_edges=counts, engine=told["engine"].fillna("none"))


def _named(rows: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    return rows.join(keys, on="number", how="left")


def _frame(spark: SparkSession, rows: pd.DataFrame, schema: str) -> DataFrame:
    names = [field.split(" ")[0] for field in schema.split(", ")]
    return spark.createDataFrame(rows[names], schema)
