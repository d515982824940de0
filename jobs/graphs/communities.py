"""Communities on Spark frames, Louvain-style: nodes move to the neighbouring community that raises modularity most.

The algorithm is that of Blondel, Guillaume, Lambiotte and Lefebvre (2008), made parallel. In each sweep, a new hash
splits the nodes into two halves. All nodes of one half choose a community at the same time, based on the sums before
these moves; then the other half does the same. So two nodes can't exchange their communities again and again (compare
Lu, Halappanavar and Kalyanaraman 2015, who order such moves by label). When only few nodes move, each community becomes
one node of a smaller graph (the next level), and the sweeps start again on that graph. Gains that differ by less than
one part in 10^9 are ordered by a hash, and sums are of whole numbers. So the same edges always give the same
communities.

A node receives its neighbours' communities as messages, with weights summed by community.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.graphs.scratch import Scratch

LEVELS = 10
SWEEPS = 6
"""The most sweeps over one level's nodes; in a sweep each half moves once."""
FEW = 0.02
"""A share of a level's nodes, 0..1. If no more nodes than that move in a sweep, the next level begins."""


@dataclass(frozen=True)
class Level:
    """The graph of one level of the algorithm.

    `arcs`: start, end, weight; each pair in both directions, without self-edges, partitioned by start. `nodes`: id,
    strength, total; partitioned by id. The strength of a node of a higher level counts the weight inside it twice.
    `total` is the sum of strengths over the whole graph that the node belongs to. `count` is the number of nodes.
    """

    arcs: DataFrame
    nodes: DataFrame
    count: int


@dataclass(frozen=True)
class _Half:
    """The half of a level's nodes that may move now; each level and sweep has other halves."""

    level: int
    sweep: int
    half: int

    def has(self, node: str) -> Column:
        # As text: Spark writes numbers into the code that it generates, so it would compile each sweep's code anew.
        return F.pmod(F.xxhash64(F.lit(f"{self.level}/{self.sweep}"), node), F.lit(2)) == self.half


def labels(level: Level, scratch: Scratch) -> DataFrame:
    """Returns the community of each node: id, community (the id of one of its nodes); partitioned by id.

    Triggers Spark actions. Frees the frames of `level`; `scratch` holds the result.
    """
    found: DataFrame | None = None
    for number in range(LEVELS):
        moved = _moved(level, number, scratch)
        if moved is None:
            break
        composed = scratch.cut(moved.select("id", "community") if found is None else _composed(found, moved))
        above = _contracted(level, moved, scratch)
        scratch.drop(found, moved, level.arcs, level.nodes)
        found, level = composed, above
    if found is None:
        found = scratch.cut(level.nodes.select("id", F.col("id").alias("community")))
    scratch.drop(level.arcs, level.nodes)
    return found


def _moved(level: Level, number: int, scratch: Scratch) -> DataFrame | None:
    """Returns the nodes with the communities that they settle in; None when no node moves."""
    state = level.nodes.select("*", F.col("id").alias("community"), F.lit(0).alias("moves"))
    held: DataFrame | None = None
    before = moves = 0
    for sweep in range(SWEEPS):
        for half in range(2):
            nodes = scratch.cut(_with_sums(state))
            scratch.drop(held)
            state = held = scratch.cut(_half_moved(level.arcs, nodes, _Half(number, sweep, half)))
            scratch.drop(nodes)
        moves = state.agg(F.sum("moves")).collect()[0][0] or 0
        if moves - before <= FEW * level.count:
            break
        before = moves
    if not moves:
        scratch.drop(held)
        return None
    return held


def _with_sums(state: DataFrame) -> DataFrame:
    """Adds `held`, the strength of the node's whole community; partitioned by id."""
    sums = state.groupBy("community").agg(F.sum("strength").alias("held"))
    return state.join(sums.hint("shuffle_hash"), on="community", how="inner").repartition("id")


def _half_moved(arcs: DataFrame, nodes: DataFrame, movers: _Half) -> DataFrame:
    """Returns the nodes after one half of them has moved, each to the community that is best by the sums before.

    For a node of strength k, let w be the weight between it and a community, and K that community's strength without
    the node. The community is then worth w - k K / total. This is the gain in modularity, up to a factor that is the
    same for all communities.
    """
    offers = nodes.select(F.col("id").alias("of"), F.col("community").alias("offer"), F.col("held").alias("offered"))
    messages = arcs.join(offers.hint("shuffle_hash"), on=F.col("start") == F.col("of"), how="inner")
    summed = (
        messages.where(movers.has("end"))
        .select("end", "offer", "offered", "weight")
        .repartition("end")
        .groupBy("end", "offer")
        .agg(F.sum("weight").alias("weight"), F.max("offered").alias("offered"))
    )
    k, own = F.col("strength"), F.col("offer") == F.col("community")
    gain = F.col("weight") - k * (F.col("offered") - F.when(own, k).otherwise(0)) / F.col("total")
    spread = 1 + 1e-9 * (F.xxhash64("end", "offer") % 1024) / 1024
    best = (
        summed.join(nodes.where(movers.has("id")).hint("shuffle_hash"), on=F.col("end") == F.col("id"), how="inner")
        .select("end", "offer", (gain * spread).alias("gain"))
        .groupBy("end")
        .agg(F.max_by("offer", "gain").alias("offer"), F.max("gain").alias("gain"))
    )
    stay = -k * (F.col("held") - k) / F.col("total")
    moves = F.coalesce((F.col("gain") > stay) & (F.col("offer") != F.col("community")), F.lit(False))
    return nodes.join(best.hint("shuffle_hash"), on=F.col("id") == F.col("end"), how="left").select(
        *("id", "strength", "total"),
        F.when(moves, F.col("offer")).otherwise(F.col("community")).alias("community"),
        (F.col("moves") + moves.cast("int")).alias("moves"),
    )


def _composed(found: DataFrame, moved: DataFrame) -> DataFrame:
    """Returns the first level's nodes with the communities into which their communities have moved."""
    above = moved.select(F.col("id").alias("below"), F.col("community").alias("above")).hint("shuffle_hash")
    joined = found.join(above, on=F.col("community") == F.col("below"), how="inner")
    return joined.select("id", F.col("above").alias("community")).repartition("id")


def _contracted(level: Level, moved: DataFrame, scratch: Scratch) -> Level:
    """Returns the next level: the graph whose nodes are the communities."""
    of = moved.select("id", "community").hint("shuffle_hash")
    from_start = level.arcs.join(of, on=F.col("start") == F.col("id"), how="inner").select(
        F.col("community").alias("start"), "end", "weight"
    )
    arcs = (
        from_start.join(of, on=F.col("end") == F.col("id"), how="inner")
        .select("start", F.col("community").alias("end"), "weight")
        .where(F.col("start") != F.col("end"))
        .groupBy("start", "end")
        .agg(F.sum("weight").alias("weight"))
        .repartition("start")
    )
    nodes = moved.groupBy(F.col("community").alias("id")).agg(
        F.sum("strength").alias("strength"), F.max("total").alias("total")
    )
    above = scratch.cut(nodes)
    return Level(scratch.cut(arcs), above, above.count())
