"""Weighted PageRank on Spark frames, damping 0.85, dangling mass spread uniformly; of one graph or several at once.

Where mass that reaches a node without a way out is spread uniformly, PageRank is proportional to the solution of
y = (1 - d) + d W y with that mass simply lost, W the share of a node's weight that each way out has (Gleich 2015, SIAM
Review 57(3), section 3.2). So a round is one join and one aggregation, with no sum over all nodes and no word of how
many there are; dividing by the sum comes last.

What a round carries is each node's received mass. Messages are summed before they travel, so that a node with any
number of ways in gets one from each partition.
"""

import math
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.graphs.frames import DAMPING, Options
from jobs.graphs.scratch import Scratch

LEAST, MOST = 4, 10
"""Rounds between two looks at the change; all but the last are one Spark job."""


def rank(received: Column) -> Column:
    """A node's rank, not yet divided by the graph's sum, from what it has received; null means nothing."""
    return F.lit(1 - DAMPING) + DAMPING * F.coalesce(received, F.lit(0.0))


def received_mass(
    shares: DataFrame, nodes: DataFrame, counts: Mapping[int, int], options: Options, scratch: Scratch
) -> DataFrame:
    """What each node with a way in receives in the end: id, received; partitioned by id.

    `shares` has start, end, share (of the start's weight that goes this way), kept and partitioned by start; `nodes`
    has number and id, kept and partitioned by id; `counts` is the number of nodes of each graph. Rounds go on until the
    L1 change of every graph, its ranks summing to 1, is under `options.tolerance`, or `options.max_rounds` are done;
    with a tolerance of 0 nothing looks at the change. Acts.
    """
    received: DataFrame | None = None
    done, rounds, settled = 0, LEAST, False
    while done < options.max_rounds and not settled:
        rounds = min(rounds, options.max_rounds - done)
        before, spent = received, [received]
        for _ in range(rounds - 1):
            before = _round(shares, before)
        if before is not None and before is not received:
            before = scratch.cut(before)  # it is read twice, and Spark would compute it twice
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
    """Rounds until the next look, for a change that is to shrink by a ratio: half of what it takes at the most.

    A round shrinks the change to DAMPING of it or less, much less where mass gets lost.
    """
    return min(max(math.ceil(math.log(ratio, DAMPING) / 2), LEAST), MOST)


def _round(shares: DataFrame, received: DataFrame | None) -> DataFrame:
    """One round: id, received. The first starts from ranks of 1."""
    mass = F.col("share")
    if received is not None:
        shares = shares.join(received.hint("shuffle_hash"), F.col("start") == F.col("id"), "left").drop("id")
        mass = mass * rank(F.col("received"))
    sums = shares.select("end", mass.alias("mass")).groupBy("end").agg(F.sum("mass").alias("received"))
    return sums.select(F.col("end").alias("id"), "received")


def _change(received: DataFrame, before: DataFrame, nodes: DataFrame, counts: Mapping[int, int]) -> float:
    """The greatest L1 change of a graph's ranks, as they are when they sum to 1; both frames have the same nodes."""
    last = before.select("id", F.col("received").alias("last")).hint("shuffle_hash")
    both = received.join(last, "id", "inner")
    both = (
        both.join(nodes.hint("shuffle_hash"), "id", "inner") if len(counts) > 1 else both.withColumn("number", F.lit(0))
    )
    change = F.abs(F.col("received") - F.col("last"))
    sums = both.groupBy("number").agg(F.sum("received"), F.sum(change)).collect()
    totals = {number: (1 - DAMPING) * counts[number] + DAMPING * mass for number, mass, _ in sums}
    return max(float(DAMPING * changed / totals[number]) for number, _, changed in sums)
