"""Network graphs: who retweets, answers, quotes and mentions whom, and which hashtags are used together.

Each hour, day and window has five graphs of aggregated weighted edges; `jobs/measures/interactions.py` says what an
edge is. Edges from a node to itself are only counted in `self_edges` (as edges, not as posts); all other figures ignore
them. So every node has at least one edge to or from another node. With `graph: kinds:` in the topic file, there are
also graphs with two kinds of nodes: authors and the sites to which they link, authors and hashtags, hashtags and sites
(`jobs/measures/two_modes.py`).

Each graph has degrees and strengths (in an undirected graph, in and out are the same), weighted PageRank (damping 0.85,
dangling mass spread evenly, sums to 1), weakly connected components, communities by modularity on the undirected
weighted graph, density, reciprocity, the share of the largest component, and the first 100 nodes by each measure. Small
graphs are measured with `igraph` and NumPy, many at a time; large ones on Spark frames. `engine` says which
(jobs/graphs).

A node is an account, by network and id, or a folded hashtag; `label` is the account's latest handle, or the hashtag
(`jobs/measures/authors.py`). In graphs with two kinds of nodes, a hashtag begins with `#`; `jobs/graphs/sides.py` says
how their degrees and their density are counted.
"""

import sys
from collections.abc import Sequence

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as Over
from pyspark.sql import functions as F

from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.tables import GRAPH_EDGES, GRAPH_NODES, GRAPH_SUMMARY, GRAPH_TOP_NODES, POSTS, TOP_MEASURES
from conf.topic import Topic
from jobs.framework.command import run
from jobs.framework.inputs import Posts
from jobs.framework.job import Frames, Inputs, Job, Output, Rule
from jobs.framework.names import Names
from jobs.framework.window import Window
from jobs.graphs.engines import measure
from jobs.graphs.few import Few, few_edges, largest_of, tables_of
from jobs.graphs.frames import COUNTED, KEYS, SUMMARY_MEASURES, Options
from jobs.graphs.keys import graphs_of
from jobs.graphs.sides import with_sides
from jobs.measures import links
from jobs.measures.authors import labels, names_in, with_labels
from jobs.measures.interactions import COLUMNS, interactions
from jobs.measures.periods import with_periods
from jobs.measures.two_modes import further_columns, two_mode_pairs

METHOD = "graphs/2 pagerank/0.85 leiden"
"""The version of the way of counting. Raise it when it changes."""
TOP = 100
FEW_EDGES = 20_000
"""Up to so many edges, self-edges included, are measured on Spark's driver, which then takes a second at most."""
FEW_POSTS = 5_000
"""The edges of up to so many posts are fetched before anybody knows their number: to store and count them first takes
Spark longer than to make them again, if they are more than FEW_EDGES."""


def compute_graphs(
    posts: DataFrame, topic: Topic, window: Window, names: DataFrame | None = None, number: int | None = None
) -> Frames:
    """Returns the rows of the four tables. `names` has rows of `account_names`; `number` is that of the posts.

    Triggers Spark actions: the edges are computed first, since their number decides how they are measured.
    """
    spark, edges = posts.sparkSession, edges_of(posts, window, topic.graph.kinds)
    most, few_posts = topic.graph.local_max_edges, number is not None and number <= FEW_POSTS
    found = few_edges(edges, FEW_EDGES) if few_posts else None
    if found is None or largest_of(found) > most:
        edges = edges.localCheckpoint(eager=True)
        sizes = [graph.edges for graph in graphs_of(edges)]
        few = sum(sizes) <= FEW_EDGES and all(size <= most for size in sizes)
        found = few_edges(edges, FEW_EDGES) if few else None
    if found is None:
        tables = _tables_of_many(edges, topic, posts, names)
    else:
        known = _known_labels(found, posts, names, few_posts=few_posts)
        tables = tables_of(spark, found, TOP_MEASURES, TOP, Options().seed, known)
    name = F.lit(topic.topic).alias("topic")
    published = (GRAPH_EDGES, GRAPH_NODES, GRAPH_TOP_NODES, GRAPH_SUMMARY)
    return {table.name: frame.select(name, "*") for table, frame in zip(published, tables, strict=True)}


def _known_labels(found: pd.DataFrame, posts: DataFrame, names: DataFrame | None, *, few_posts: bool) -> dict[str, str]:
    """Returns the known labels of the accounts that have edges, by their keys. Triggers a Spark action.

    Of few posts, these are all that the posts tell: to join them with the accounts would take longer.
    """
    known = labels(posts, names)
    if names is not None or not few_posts:
        ends = found.loc[found["graph"] != "hashtag", ["src", "dst"]]
        asked = [(account,) for account in {*ends["src"], *ends["dst"]}]
        accounts = posts.sparkSession.createDataFrame(asked, "account string")
        known = known.join(accounts, on="account", how="left_semi")
    return dict(map(tuple, known.collect()))


def _tables_of_many(edges: DataFrame, topic: Topic, posts: DataFrame, names: DataFrame | None) -> Few:
    """Returns the tables of graphs that are measured by Spark's executors."""
    loops = edges.where(F.col("src") == F.col("dst"))
    kept = edges.where(F.col("src") != F.col("dst"))
    measured = measure(kept, topic.graph.local_max_edges)
    summary = with_self_edges(measured.summary, loops)
    nodes = with_node_labels(measured.nodes, posts, names)
    if topic.graph.kinds:
        nodes, summary = with_sides(nodes, summary, kept)
    return Few(kept, with_times(nodes, kept), top_nodes(nodes), summary)


def with_node_labels(nodes: DataFrame, posts: DataFrame, names: DataFrame | None) -> DataFrame:
    """Adds the column `label`: what people read of an account; of a hashtag or a site, its name."""
    is_tag = F.col("graph") == "hashtag"
    accounts = with_labels(nodes.where(~is_tag), "node", posts, names)
    return accounts.unionByName(nodes.where(is_tag).select("*", F.col("node").alias("label")))


def edges_of(posts: DataFrame, window: Window, kinds: Sequence[str] = ()) -> DataFrame:
    """Returns one row per edge of a graph and period, self-edges included. `kinds` are the two-mode graphs to make.

    The columns are KEYS, src, dst, weight, first_at, last_at.
    """
    pairs, more = interactions(posts), two_mode_pairs(posts, kinds)
    pairs = pairs if more is None else pairs.unionByName(more)
    return (
        with_periods(pairs.select("*", F.col("event_at").alias("at")), window)
        .groupBy(*KEYS, "src", "dst")
        .agg(F.sum("posts").alias("weight"), F.min("at").alias("first_at"), F.max("at").alias("last_at"))
    )


def with_times(nodes: DataFrame, edges: DataFrame) -> DataFrame:
    """Adds the columns `first_at` and `last_at`: the times of the first and the last post of a node's edges."""
    ends = edges.select(*KEYS, "first_at", "last_at", F.explode(F.array("src", "dst")).alias("node"))
    times = ends.groupBy(*KEYS, "node").agg(F.min("first_at").alias("first_at"), F.max("last_at").alias("last_at"))
    return nodes.join(times, on=[*KEYS, "node"], how="inner")


def top_nodes(nodes: DataFrame) -> DataFrame:
    """Returns for each graph and measure the TOP nodes with the highest values; equal values are ordered by name."""
    figures = F.array(
        *(F.struct(F.lit(m).alias("measure"), F.col(m).cast("double").alias("value")) for m in TOP_MEASURES)
    )
    place = Over.partitionBy(*KEYS, "measure").orderBy(F.desc("value"), "node")
    return (
        nodes.select(*KEYS, "node", "label", F.explode(figures).alias("one"))
        .select(*KEYS, "node", "label", "one.*")
        .withColumn("rank", F.row_number().over(place))
        .where(F.col("rank") <= TOP)
    )


def with_self_edges(summary: DataFrame, loops: DataFrame) -> DataFrame:
    """Returns the summaries with the number of self-edges.

    A graph that has only self-edges gets a row: counts of zero, and null for the other measures.
    """
    counts = loops.groupBy(*KEYS).agg(F.count(F.lit(1)).alias("self_edges"))
    return summary.join(counts, on=KEYS, how="full").select(
        *KEYS,
        *(_or_zero(name) if name in COUNTED else F.col(name) for name in SUMMARY_MEASURES),
        _or_zero("self_edges"),
        F.coalesce("engine", F.lit("none")).alias("engine"),
    )


def _or_zero(name: str) -> Column:
    return F.coalesce(name, F.lit(0).cast("long")).alias(name)


_GROUP = "graph, period, period_start, period_end"
RULES = {
    GRAPH_EDGES.name: Rule(
        "an edge joins two different nodes, and has at least one post; its first post is not after its last",
        "src = dst OR weight < 1 OR first_at > last_at",
        shown="graph, src, dst",
    ),
    GRAPH_NODES.name: Rule(
        "PageRank sums to 1, and the degrees and weights in sum to the same as the degrees and weights out",
        "abs(sum(pagerank) - 1) > 1e-6 OR sum(in_degree) != sum(out_degree) OR sum(in_weight) != sum(out_weight)",
        shown=f"{_GROUP}, sum(pagerank) AS pageranks",
        by=_GROUP,
    ),
    GRAPH_TOP_NODES.name: Rule(
        "ranks start at 1 without a gap",
        "min(rank) != 1 OR max(rank) != count(*)",
        shown=f"{_GROUP}, measure",
        by=f"{_GROUP}, measure",
    ),
    GRAPH_SUMMARY.name: Rule(
        "there are no more edges than posts, and no more components than nodes",
        "edges > weight OR components > nodes",
        shown="graph, period, period_start",
    ),
}


def transform(inputs: Inputs, topic: Topic, window: Window) -> Frames:
    """Returns the rows of the topic's graphs."""
    return compute_graphs(inputs[POSTS.name], topic, window, names_in(inputs), inputs.posts)


def methods(topic: Topic, _: Inputs) -> dict[str, str]:
    """Returns a digest of the way of counting; where the topic asks for two-mode graphs, of which, and of links."""
    asked = (topic.graph.kinds, links.VERSION) if topic.graph.kinds else ()
    return {"": digest(METHOD, FOLDING, *asked)}


JOB = Job(
    name="network_graph",
    inputs=(Posts(COLUMNS, further=further_columns), Names()),
    outputs=tuple(
        Output(table, rules=(RULES[table.name],))
        for table in (GRAPH_EDGES, GRAPH_NODES, GRAPH_TOP_NODES, GRAPH_SUMMARY)
    ),
    transform=transform,
    methods=methods,
)

if __name__ == "__main__":
    sys.exit(run(JOB))
