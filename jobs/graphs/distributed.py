"""The distributed engine: measures graphs that are too large for one process, on Spark frames only.

A node's id is a 64-bit hash of its graph and name, so no join is needed to number the nodes. If two names have the same
hash, this is detected, and all names are hashed again with another seed. Only counts come to Spark's driver.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from jobs.graphs.communities import Level, labels
from jobs.graphs.components import roots
from jobs.graphs.frames import NODE_MEASURES, SUMMARY_MEASURES, Measured, Options
from jobs.graphs.keys import Graph, hash_of, numbered, with_keys
from jobs.graphs.pagerank import rank, received_mass
from jobs.graphs.scratch import Scratch, partitioned

ENGINE = "spark"
_SEEDS = range(8)


@dataclass(frozen=True)
class Prepared:
    """The edges with ids, and the frames derived from them.

    `edges`: number, start, end, weight; partitioned by start. `nodes`: number, id, in_degree, out_degree, in_weight,
    out_weight. `names`: id, node. Both are partitioned by id. `pairs`: number, greater, lesser, weight, one row per
    pair, partitioned by greater. `counts`: the number of nodes of each graph, by its number.
    """

    edges: DataFrame
    nodes: DataFrame
    names: DataFrame
    pairs: DataFrame
    counts: dict[int, int]


def measure_distributed(edges: DataFrame, graphs: Sequence[Graph], options: Options) -> Measured:
    """Measures all graphs of a frame together, as one graph with several unconnected parts. Triggers Spark actions.

    `graphs` must be exactly the graphs of `edges`. The frames returned are held until `release` is called. Raises
    ValueError if there are no graphs, or if two names have the same hash with every seed.
    """
    if not graphs:
        raise ValueError("no graphs to measure")
    scratch = Scratch()
    spark = edges.sparkSession
    try:
        with partitioned(spark, sum(graph.edges for graph in graphs)):
            prepared = _prepared(edges, graphs, scratch)
            nodes = scratch.keep(_node_measures(prepared, graphs, options, scratch))
            nodes.count()
            summary = scratch.cut(_summary_measures(prepared, nodes, graphs, options))
    except BaseException:
        scratch.close()
        raise
    scratch.close_but(nodes, summary)
    return Measured(
        with_keys(nodes, graphs, ["node", *NODE_MEASURES]),
        with_keys(summary, graphs, [*SUMMARY_MEASURES, F.lit(ENGINE).alias("engine")]),
        scratch.close,
    )


def _prepared(edges: DataFrame, graphs: Sequence[Graph], scratch: Scratch) -> Prepared:
    for seed in _SEEDS:
        start, end = (F.xxhash64(F.lit(seed), "number", name) for name in ("src", "dst"))
        plain = numbered(edges, graphs, "src", "dst", "weight")
        hashed = plain.select("number", start.alias("start"), end.alias("end"), "weight")
        kept = scratch.keep(hashed.repartition("start").sortWithinPartitions("start"))
        nodes = scratch.keep(_degrees(_arcs(kept, graphs)))
        ends = F.explode(
            F.array(
                F.struct(start.alias("id"), F.col("src").alias("node")),
                F.struct(end.alias("id"), F.col("dst").alias("node")),
            )
        )
        names = scratch.keep(plain.select(ends.alias("e")).select("e.*").distinct().repartition("id"))
        counts = {row["number"]: row["count"] for row in nodes.groupBy("number").count().collect()}
        if names.count() == sum(counts.values()):
            return Prepared(kept, nodes, names, scratch.keep(_pairs(kept)), counts)
        scratch.drop(kept, nodes, names)
    raise ValueError(f"two names have the same hash under each of {len(_SEEDS)} seeds")


def _arcs(edges: DataFrame, graphs: Sequence[Graph]) -> DataFrame:
    """Returns the edges as directed ones: an undirected edge counts in both directions."""
    both_ways = [number for number, graph in enumerate(graphs) if not graph.directed]
    if not both_ways:
        return edges
    back = edges.where(F.col("number").isin(both_ways))
    return edges.unionByName(back.select("number", F.col("end").alias("start"), F.col("start").alias("end"), "weight"))


def _degrees(arcs: DataFrame) -> DataFrame:
    def side(name: str, prefix: str) -> DataFrame:
        return arcs.groupBy(F.col(name).alias("id")).agg(
            F.max("number").alias(f"{prefix}_number"),
            F.count(F.lit(1)).alias(f"{prefix}_degree"),
            F.sum("weight").alias(f"{prefix}_weight"),
        )

    zero = F.lit(0).cast("long")
    measures = ["in_degree", "out_degree", "in_weight", "out_weight"]
    return (
        side("start", "out")
        .join(side("end", "in"), on="id", how="full")
        .select(
            F.coalesce("out_number", "in_number").alias("number"),
            "id",
            *[F.coalesce(measure, zero).alias(measure) for measure in measures],
        )
    )


def _pairs(edges: DataFrame) -> DataFrame:
    greater, lesser = F.greatest("start", "end").alias("greater"), F.least("start", "end").alias("lesser")
    return (
        edges.select("number", greater, lesser, "weight")
        .repartition("greater")
        .groupBy("greater", "lesser")
        .agg(F.max("number").alias("number"), F.sum("weight").alias("weight"))
    )


def _node_measures(prepared: Prepared, graphs: Sequence[Graph], options: Options, scratch: Scratch) -> DataFrame:
    """Returns number, id, node and NODE_MEASURES, one row per node."""
    found = _joined(prepared.nodes, _received(prepared, graphs, options, scratch), roots(prepared.pairs, scratch))
    if options.communities:
        community = labels(_first_level(prepared, scratch), scratch).withColumnRenamed("community", "group")
        found = found.join(community.hint("shuffle_hash"), on="id", how="left")
    named = scratch.keep(found.join(prepared.names.hint("shuffle_hash"), on="id", how="inner"))
    total = named.groupBy("number").agg(F.sum("rank").alias("total"))
    ranked = named.join(F.broadcast(total), on="number", how="inner").withColumn(
        "pagerank", F.col("rank") / F.col("total")
    )
    ranked = _numbered_by_size(ranked, "root", "component")
    if options.communities:
        ranked = _numbered_by_size(ranked, "group", "community")
    else:
        ranked = ranked.withColumn("community", F.lit(None).cast("long"))
    return ranked.select("number", "id", "node", *NODE_MEASURES)


def _joined(nodes: DataFrame, received: DataFrame, found: DataFrame) -> DataFrame:
    return (
        nodes.join(received.hint("shuffle_hash"), on="id", how="left")
        .join(found.hint("shuffle_hash"), on="id", how="left")
        .select(
            *nodes.columns,
            rank(F.col("received")).alias("rank"),
            F.coalesce("root", "id").alias("root"),
        )
    )


def _received(prepared: Prepared, graphs: Sequence[Graph], options: Options, scratch: Scratch) -> DataFrame:
    out = prepared.nodes.select("id", "out_weight").hint("shuffle_hash")
    arcs = _arcs(prepared.edges, graphs)
    shares = scratch.keep(
        arcs.join(out, on=F.col("start") == F.col("id"), how="inner").select(
            "start", "end", (F.col("weight") / F.col("out_weight")).alias("share")
        )
    )
    received = received_mass(shares, prepared.nodes.select("number", "id"), prepared.counts, options, scratch)
    scratch.drop(shares)
    return received


def _first_level(prepared: Prepared, scratch: Scratch) -> Level:
    pairs = prepared.pairs
    one_way = pairs.select(F.col("greater").alias("start"), F.col("lesser").alias("end"), "weight")
    other_way = pairs.select(F.col("lesser").alias("start"), F.col("greater").alias("end"), "weight")
    arcs = scratch.keep(one_way.unionByName(other_way).repartition("start"))
    twice = pairs.groupBy("number").agg((2 * F.sum("weight")).alias("total"))
    strength = arcs.groupBy(F.col("start").alias("id")).agg(F.sum("weight").alias("strength"))
    numbers = prepared.nodes.select("number", "id").join(F.broadcast(twice), on="number", how="inner")
    nodes = strength.join(numbers.hint("shuffle_hash"), on="id", how="inner").select("id", "strength", "total")
    return Level(arcs, scratch.cut(nodes), sum(prepared.counts.values()))


def _numbered_by_size(nodes: DataFrame, label: str, name: str) -> DataFrame:
    """Adds the column `name`: the label's place within its graph, from 0, by falling size, then by the least hash."""
    sizes = nodes.groupBy("number", label).agg(F.count(F.lit(1)).alias("size"), F.min(hash_of("node")).alias("first"))
    place = F.row_number().over(Over.partitionBy("number").orderBy(F.desc("size"), "first", label)) - 1
    places = sizes.select(F.col(label).alias("labelled"), place.cast("long").alias(name)).hint("shuffle_hash")
    return nodes.join(places, on=F.col(label) == F.col("labelled"), how="inner").drop("labelled")


def _summary_measures(prepared: Prepared, nodes: DataFrame, graphs: Sequence[Graph], options: Options) -> DataFrame:
    """Returns number and SUMMARY_MEASURES, one row per graph."""
    directed = _is_directed(graphs)
    ways = F.when(directed, 1).otherwise(2)
    pairs = prepared.pairs.groupBy("number").agg(F.count(F.lit(1)).alias("pairs"))
    figures = nodes.groupBy("number").agg(
        F.count(F.lit(1)).alias("nodes"),
        F.sum("out_degree").alias("ends"),
        F.sum("out_weight").alias("weights"),
        (F.max("component") + 1).alias("components"),
        F.count_if(F.col("component") == 0).alias("giant"),
        (F.max("community") + 1).alias("communities"),
    )
    edges, n = F.col("ends") / ways, F.col("nodes")
    return (
        figures.join(F.broadcast(pairs), on="number", how="inner")
        .join(F.broadcast(_modularity(prepared.pairs, nodes, graphs)), on="number", how="left")
        .select(
            *("number", "nodes"),
            edges.cast("long").alias("edges"),
            (F.col("weights") / ways).cast("long").alias("weight"),
            (edges / (n * (n - 1.0) / ways)).alias("density"),
            F.when(directed, 2 * (edges - F.col("pairs")) / edges).alias("reciprocity"),
            "components",
            (F.col("giant") / n).alias("giant_share"),
            "communities",
            F.when(F.lit(options.communities), F.col("modularity")).alias("modularity"),
        )
    )


def _modularity(pairs: DataFrame, nodes: DataFrame, graphs: Sequence[Graph]) -> DataFrame:
    """Returns number and modularity: Newman's, on the undirected weighted graph, resolution 1.

    Without communities, which are null then, the result means nothing; the caller leaves it out.
    """
    community = nodes.select("id", "community").hint("shuffle_hash")
    one = pairs.join(community, on=F.col("greater") == F.col("id"), how="inner").withColumnRenamed("community", "one")
    both = one.drop("id").join(community, on=F.col("lesser") == F.col("id"), how="inner")
    within = both.groupBy("number").agg(
        F.sum("weight").alias("total"),
        F.sum(F.when(F.col("one") == F.col("community"), F.col("weight")).otherwise(0)).alias("within"),
    )
    strength = F.when(_is_directed(graphs), F.col("in_weight") + F.col("out_weight")).otherwise(F.col("in_weight"))
    squares = (
        nodes.groupBy("number", "community")
        .agg(F.sum(strength).cast("double").alias("strength"))
        .groupBy("number")
        .agg(F.sum(F.col("strength") * F.col("strength")).alias("squares"))
    )
    total = F.col("total")
    expected = F.col("squares") / (4.0 * total * total)
    return within.join(F.broadcast(squares), on="number", how="inner").select(
        "number", (F.col("within") / total - expected).alias("modularity")
    )


def _is_directed(graphs: Sequence[Graph]) -> Column:
    return ~F.col("number").isin([number for number, graph in enumerate(graphs) if not graph.directed])
