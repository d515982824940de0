"""Weighted PageRank on Spark frames, damping 0.85, dangling mass spread uniformly; of one graph or several at once.

Where mass that reaches a node without a way out is spread uniformly, PageRank is proportional to the solution of
y = (1 - d) + d W y with that mass simply lost, W the share of a node's weight that each way out has (Gleich 2015, SIAM
Review 57(3), section 3.2). So a round is one join and one aggregation, with no sum over all nodes and no word of how
many there are; dividing by the sum comes last.

What a round carries is each node's received mass. Messages are summed before they travel, so that a node with any
number of ways in gets one from each partition.
"""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.graphs.frames import DAMPING, Options
from jobs.graphs.scratch import Scratch

ROUNDS_A_CHECK = 5
"""Rounds computed in one Spark job, between two looks at the change."""


def rank(received: Column) -> Column:
    """A node's rank, not yet divided by the graph's sum, from what it has received; null means nothing."""
    return F.lit(1 - DAMPING) + DAMPING * F.coalesce(received, F.lit(0.0))


def received_mass(shares: DataFrame, nodes: Mapping[int, int], options: Options, scratch: Scratch) -> DataFrame:
    """What each node with a way in receives in the end: id, received; partitioned by id.

    `shares` has number, start, end, share (of the start's weight that goes this way), kept and partitioned by start;
    `nodes` is the number of nodes of each graph. Rounds go on until the L1 change of every graph, its ranks summing to
    1, is under `options.tolerance`, or `options.max_rounds` are done. Acts.
    """
    received: DataFrame | None = None
    done = 0
    while done < options.max_rounds:
        rounds = min(ROUNDS_A_CHECK, options.max_rounds - done)
        before = received
        for _ in range(rounds - 1):
            before = _round(shares, before)
        following = scratch.cut(_with_change(_round(shares, before), before))
        done += rounds
        scratch.drop(received)
        received = following
        if options.tolerance > 0 and _change(received, nodes) < options.tolerance:
            break
    if received is None:
        raise ValueError("max_rounds must be at least 1")
    return received


def _round(shares: DataFrame, received: DataFrame | None) -> DataFrame:
    """One round: number, id, received. The first starts from ranks of 1."""
    mass = F.col("share")
    if received is not None:
        ranks = received.select("id", "received").hint("shuffle_hash")
        shares = shares.join(ranks, F.col("start") == F.col("id"), "left").drop("id")
        mass = mass * rank(F.col("received"))
    sums = shares.select("number", "end", mass.alias("mass")).groupBy("end")
    return sums.agg(F.max("number").alias("number"), F.sum("mass").alias("received")).select(
        "number", F.col("end").alias("id"), "received"
    )


def _with_change(following: DataFrame, before: DataFrame | None) -> DataFrame:
    """Adds what each node's received mass has changed by; both frames have the same nodes."""
    if before is None:
        return following.select("*", F.lit(1.0).alias("change"))
    last = before.select("id", F.col("received").alias("last")).hint("shuffle_hash")
    change = F.abs(F.col("received") - F.col("last")).alias("change")
    return following.join(last, "id", "inner").select("number", "id", "received", change)


def _change(received: DataFrame, nodes: Mapping[int, int]) -> float:
    """The greatest L1 change of a graph's ranks, as they are when they sum to 1."""
    sums = received.groupBy("number").agg(F.sum("received"), F.sum("change")).collect()
    totals = {number: (1 - DAMPING) * nodes[number] + DAMPING * mass for number, mass, _ in sums}
    return max(float(DAMPING * changed / totals[number]) for number, _, changed in sums)
