"""Weighted PageRank on Spark frames, damping 0.85, for one graph or several at once.

The rank (mass) of nodes without an edge out is spread uniformly over their graph. PageRank is then proportional to the
solution of y = (1 - d) + d W y (Gleich 2015, SIAM Review 57(3), section 3.2). W has, for each edge, its share of the
weight of all edges out of its start; in this equation, the mass of nodes without an edge out is simply lost. So a round
needs only one join and one aggregation, and neither the sum over all nodes nor their number. At the end, y is divided
by its sum.

In a round, each node passes on the mass that it has received. Messages to the same node are summed before they are
sent, so each partition sends only one message to a node, however many edges lead there.
"""

import math
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.graphs.frames import DAMPING, Options
from jobs.graphs.scratch import Scratch

LEAST, MOST = 4, 10
"""The fewest and the most rounds between two checks of the change; all but the last round run in one Spark job."""


def rank(received: Column) -> Column:
    """Returns a node's rank from the mass it has received, not yet divided by the graph's sum; null means no mass."""
    return F.lit(1 - DAMPING) + DAMPING * F.coalesce(received, F.lit(0.0))


def received_mass(
    shares: DataFrame, nodes: DataFrame, counts: Mapping[int, int], options: Options, scratch: Scratch
) -> DataFrame:
    """Returns the final mass that each node with an incoming edge has received: id, received; partitioned by id.

    `shares` has start, end and share (the part of the start's weight on this edge), kept and partitioned by start.
    `nodes` has number and id, kept and partitioned by id. `counts` is the number of nodes of each graph. Rounds end
    when the total change (L1) of the ranks of every graph, which sum to 1, is below `options.tolerance` (never if that
    is 0), or after `options.max_rounds`. Triggers Spark actions. Raises ValueError where `max_rounds` is under 1.
    """
    received: DataFrame | None = None
    done, rounds, settled = 0, LEAST, False
    while done < options.max_rounds and not settled:
        rounds = min(rounds, options.max_rounds - done)
        before, spent = received, [received]
        for _ in range(rounds - 1):
            before = _round(shares, before)
        if before is not None and before is not received:
            before = scratch.cut(before)  # it is read twice, and Spark would otherwise compute it twice
            spent.append(before)
        received = scratch.cut(_round(shares, before))
        done += rounds
        if before is not None and options.tolerance > 0:
            change = _change(received, before, nodes, counts)
            settled = change < options.tolerance
            rounds = LEAST if settled else _rounds_to(options.tolerance / change)
        scratch.drop(*spent)
    if received is None:
        raise ValueError("max_rounds must be at least 1")
    return received


def _rounds_to(ratio: float) -> int:
    """Returns the rounds until the next check, where the change must still shrink to `ratio` of itself.

    This is half of the rounds that it can take at most, but LEAST at least and MOST at most.

    A round shrinks the change to DAMPING of it or less, to much less where mass is lost.
    """
    return min(max(math.ceil(math.log(ratio, DAMPING) / 2), LEAST), MOST)


def _round(shares: DataFrame, received: DataFrame | None) -> DataFrame:
    """Runs one round and returns id, received. The first round starts from ranks of 1."""
    mass = F.col("share")
    if received is not None:
        shares = shares.join(received.hint("shuffle_hash"), on=F.col("start") == F.col("id"), how="left").drop("id")
        mass = mass * rank(F.col("received"))
    sums = shares.select("end", mass.alias("mass")).groupBy("end").agg(F.sum("mass").alias("received"))
    return sums.select(F.col("end").alias("id"), "received")


def _change(received: DataFrame, before: DataFrame, nodes: DataFrame, counts: Mapping[int, int]) -> float:
    """Returns the greatest L1 change of a graph's ranks, which sum to 1. Both frames have the same nodes."""
    last = before.select("id", F.col("received").alias("last")).hint("shuffle_hash")
    both = received.join(last, on="id", how="inner")
    both = (
        both.join(nodes.hint("shuffle_hash"), on="id", how="inner")
        if len(counts) > 1
        else both.withColumn("number", F.lit(0))
    )
    change = F.abs(F.col("received") - F.col("last"))
    sums = both.groupBy("number").agg(F.sum("received"), F.sum(change)).collect()
    totals = {number: (1 - DAMPING) * counts[number] + DAMPING * mass for number, mass, _ in sums}
    return max(float(DAMPING * changed / totals[number]) for number, _, changed in sums)
