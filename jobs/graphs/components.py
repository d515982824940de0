"""Weakly connected components on Spark frames: alternating large-star and small-star.

Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii: Connected components in MapReduce and beyond (SoCC 2014).
Edges point from the greater id to the lesser. The large-star links each greater neighbour of a node to the least of
the node's neighbourhood, the small-star each lesser one and the node itself; when neither changes anything, each
node points to the least node of its component.

Towards the end most edges point to few nodes. Where such a node's least neighbour has to be looked up, the ones
with many edges, of which there can't be many, are looked up by broadcast; so no partition gets all their edges.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.graphs.scratch import Scratch

HEAVY = 64
"""A node is heavy when more than one in so many edges points to it; so there are at most as many."""
LEAST_HEAVY = 10_000
"""Edges to a node under which it is never heavy: moving them is cheaper than asking."""


def roots(pairs: DataFrame, scratch: Scratch) -> DataFrame:
    """The least node of its component for each node that is not that node itself: id, root; partitioned by id.

    `pairs` has greater and lesser, one row a pair, partitioned by greater. Acts.
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
    """The least neighbour of each node that has a lesser one; without a row, a node is its own least."""
    return edges.groupBy("greater").agg(F.min("lesser").alias("least")).select(F.col("greater").alias("id"), "least")


def _large_star(edges: DataFrame, heavy: list[int]) -> DataFrame:
    """Links each node's greater neighbours to its least one; `changed` says where that is news."""
    least = _least(edges)
    of_lesser = F.col("lesser") == F.col("id")
    is_heavy = F.col("lesser").isin(heavy)
    found = edges.where(~is_heavy).join(least.hint("shuffle_hash"), of_lesser, "left")
    if heavy:
        few = F.broadcast(least.where(F.col("id").isin(heavy)))
        found = found.unionByName(edges.where(is_heavy).join(few, of_lesser, "left"))
    is_news = F.col("least").isNotNull().alias("is_news")
    linked = found.select("greater", F.coalesce("least", "lesser").alias("lesser"), is_news)
    return linked.repartition("greater").groupBy("greater", "lesser").agg(F.max("is_news").alias("changed"))


def _heavy(edges: DataFrame, count: int) -> list[int]:
    """Ids to which more than one in HEAVY edges points: at most HEAVY of them."""
    limit = count // HEAVY
    if limit < LEAST_HEAVY:
        return []
    rows = edges.groupBy("lesser").count().where(F.col("count") > limit).collect()
    return sorted(row["lesser"] for row in rows)


def _small_star(edges: DataFrame) -> DataFrame:
    """Links each node, and its lesser neighbours, to the least of them."""
    least = _least(edges)
    found = edges.join(least.hint("shuffle_hash"), F.col("greater") == F.col("id"), "inner")
    of_lesser = found.where(F.col("lesser") != F.col("least")).select(F.col("lesser").alias("greater"), "least")
    of_node = least.select(F.col("id").alias("greater"), "least")
    linked = of_node.unionByName(of_lesser).withColumnRenamed("least", "lesser")
    return linked.repartition("greater").dropDuplicates(["greater", "lesser"])
