"""What is measured in another way in graphs with two kinds of nodes (modes), for few edges and for many.

Every edge leads from a node of the first mode to one of the second. So a node of the first mode has only edges out, and
one of the second only edges in: its `in_degree`, or `out_degree`, is 0. `density` is the number of edges divided by the
number of pairs of a node of the first mode and one of the second (Latapy, Magnien and Del Vecchio 2008).

All other figures are those of an undirected graph.
"""

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from conf.tables import TWO_MODE_GRAPHS
from jobs.graphs.frames import KEYS

IN, OUT = ("in_degree", "in_weight"), ("out_degree", "out_weight")


def few_with_sides(
    nodes: pd.DataFrame, graphs: pd.DataFrame, kept: pd.DataFrame, keys: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the nodes and the summaries of few edges. `keys` has the graphs, in the order of their numbers.

    The rows have the number of their graph in `number`, and the place of a node's name in `node_place`, `src_place`.
    """
    two_mode = keys["graph"].isin(TWO_MODE_GRAPHS).to_numpy()
    if not two_mode.any():
        return nodes, graphs
    width = int(nodes["node_place"].max()) + 1
    at, starts = (nodes["number"] * width + nodes["node_place"], kept["number"] * width + kept["src_place"])
    of_two, first = two_mode[nodes["number"]], np.isin(at, starts)
    zeros = {name: nodes[name].mask(of_two & first, 0) for name in IN}
    zeros |= {name: nodes[name].mask(of_two & ~first, 0) for name in OUT}
    counts = [np.bincount(nodes["number"][side], minlength=len(keys)) for side in (first, ~first)]
    pairs = (counts[0] * counts[1])[graphs["number"]]
    among = two_mode[graphs["number"]]
    density = graphs["density"].mask(among, graphs["edges"] / np.where(among, pairs, 1))
    return nodes.assign(**zeros), graphs.assign(density=density)


def with_sides(nodes: DataFrame, summary: DataFrame, edges: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Returns the nodes and the summaries of many edges."""
    of_two = edges.where(_is_two_mode())
    starts = of_two.groupBy(*KEYS, F.col("src").alias("node")).agg(F.count(F.lit(1)).alias("started"))
    first = F.col("started").isNotNull()
    side = {**dict.fromkeys(IN, first), **dict.fromkeys(OUT, ~first)}
    columns = [_or_zero(name, side[name]) if name in side else F.col(name) for name in nodes.columns]
    shown = nodes.join(starts, on=[*KEYS, "node"], how="left").select(*columns)
    return shown, _with_density(summary, of_two)


def _with_density(summary: DataFrame, of_two: DataFrame) -> DataFrame:
    counts = of_two.groupBy(*KEYS).agg((F.count_distinct("src") * F.count_distinct("dst")).alias("pairs"))
    density = F.coalesce(F.col("edges") / F.col("pairs"), F.col("density")).alias("density")
    joined = summary.join(F.broadcast(counts), on=KEYS, how="left")
    return joined.select(*(density if name == "density" else F.col(name) for name in summary.columns))


def _or_zero(name: str, other_side: Column) -> Column:
    return F.when(_is_two_mode() & other_side, F.lit(0).cast("long")).otherwise(F.col(name)).alias(name)


def _is_two_mode() -> Column:
    return F.col("graph").isin(*TWO_MODE_GRAPHS)
