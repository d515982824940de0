"""Weakly connected components on Spark frames: alternating large-star and small-star.

Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii: Connected components in MapReduce and beyond (SoCC 2014). Edges
point from the greater id to the smaller id. The large-star step links each neighbour with a greater id to the smallest
node among the node and its neighbours. The small-star step links the node and its neighbours with smaller ids to the
smallest of them. When no step changes an edge, each node points to the smallest node of its component.

Towards the end, most edges point to a few nodes. A join would bring all edges of such a node into one partition. So for
nodes with very many edges (there are only few of them), the smallest neighbours are broadcast instead.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.graphs.scratch import Scratch

HEAVY = 64
"""A node is heavy when more than 1 / HEAVY of all edges point to it. So there are fewer than HEAVY heavy nodes."""
LEAST_HEAVY = 10_000
"""A node with no more edges than this is never heavy: moving them is cheaper than counting."""


def roots(pairs: DataFrame, scratch: Scratch) -> DataFrame:
    """Returns for each node (id) the smallest node of its component (root), except for that smallest node itself.

    Partitioned by id.

    `pairs` has greater and lesser, one row per pair, partitioned by greater. Triggers Spark actions.
    """
    edges = pairs.select("greater", "lesser")
    count = edges.count()
    held: DataFrame | None = None
    while True:
        linked = scratch.cut(_large_star(edges, _heavy(edges, count)))
        scratch.drop(held)
        count, changed = linked.agg(F.count(F.lit(1)), F.count_if("changed")).collect()[0]
        if not changed and count == linked.groupBy("greater").count().count():
            return linked.select(F.col("greater").alias("id"), F.col("lesser").alias("root"))
        edges = held = scratch.cut(_small_star(linked))
        scratch.drop(linked)


def _least(edges: DataFrame) -> DataFrame:
    """Returns id and least: the least neighbour of each node that has a lesser one; any other node is its own least."""
    return edges.groupBy("greater").agg(F.min("lesser").alias("least")).select(F.col("greater").alias("id"), "least")


def _large_star(edges: DataFrame, heavy: list[int]) -> DataFrame:
    """Links each node's greater neighbours to its least one; `changed` says whether that link is new."""
    least = _least(edges)
    of_lesser = F.col("lesser") == F.col("id")
    is_heavy = F.col("lesser").isin(heavy)
    found = edges.where(~is_heavy).join(least.hint("shuffle_hash"), on=of_lesser, how="left")
    if heavy:
        few = F.broadcast(least.where(F.col("id").isin(heavy)))
        found = found.unionByName(edges.where(is_heavy).join(few, on=of_lesser, how="left"))
    is_news = F.col("least").isNotNull().alias("is_news")
    linked = found.select("greater", F.coalesce("least", "lesser").alias("lesser"), is_news)
    return linked.repartition("greater").groupBy("greater", "lesser").agg(F.max("is_news").alias("changed"))


def _heavy(edges: DataFrame, count: int) -> list[int]:
    """Returns the ids to which more than 1 / HEAVY of the edges point, sorted."""
    limit = count // HEAVY
    if limit < LEAST_HEAVY:
        return []
    rows = edges.groupBy("lesser").count().where(F.col("count") > limit).collect()
    return sorted(row["lesser"] for row in rows)


def _small_star(edges: DataFrame) -> DataFrame:
    """Links each node and its lesser neighbours to the least of them."""
    least = _least(edges)
    found = edges.join(least.hint("shuffle_hash"), on=F.col("greater") == F.col("id"), how="inner")
    of_lesser = found.where(F.col("lesser") != F.col("least")).select(F.col("lesser").alias("greater"), "least")
    of_node = least.select(F.col("id").alias("greater"), "least")
    linked = of_node.unionByName(of_lesser).withColumnRenamed("least", "lesser")
    return linked.repartition("greater").dropDuplicates(["greater", "lesser"])
