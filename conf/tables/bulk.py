"""The bulk tables: `run_id` is part of the partition key, and `published` says which run readers see."""

from conf.schema import Column, Table
from conf.tables.columns import (
    ACCOUNT,
    BUCKET,
    GRAPH_COLUMNS,
    KIND_COUNTS,
    LABEL,
    PERIOD_COLUMNS,
    PERIOD_KEY,
    RUN,
    TOP_MEASURES,
    count,
    key,
    one_of,
    share,
)

AUTHOR_ACTIVITY = Table(
    name="author_activity",
    job="author_activity",
    doc="What each author posted, and which bot rules fired. It does not say whom an author supports.",
    partition=("topic", *PERIOD_KEY, "run_id", "bucket"),
    clustering=("author",),
    columns={
        **PERIOD_COLUMNS,
        **BUCKET,
        "author": key("text", "network:id"),
        **LABEL,
        "posts": count("posts by the author"),
        **KIND_COUNTS,
        "mentions_received": count("posts by others that mention the author; retweets do not count"),
        "followers": Column("bigint", "followers, as last known in the period; null if never known"),
        "bot_score": share("sum of the weights of the rules that fired, at most 1; 0..1", nullable=False),
        "bot_flags": Column("frozen<list<text>>", "names of the rules that fired"),
        **RUN,
    },
)

GRAPH_NODES = Table(
    name="graph_nodes",
    job="network_graph",
    part="graph",
    named_by="graph_summary",
    doc="The measures of each node of a graph.",
    partition=("topic", "graph", *PERIOD_KEY, "run_id", "bucket"),
    clustering=("node",),
    columns={
        **GRAPH_COLUMNS,
        **BUCKET,
        "node": key("text", f"an account ({ACCOUNT}), or the folded hashtag; in two-mode graphs #hashtag, or the host"),
        **LABEL,
        "in_degree": count("edges that end at the node; in the hashtag graph, all its edges; in the first mode, 0"),
        "out_degree": count("edges that start at the node; in the hashtag graph, all its edges; in the second mode, 0"),
        "in_weight": count("sum of the weights of the edges in in_degree"),
        "out_weight": count("sum of the weights of the edges in out_degree"),
        "pagerank": share("weighted PageRank, 0..1; sums to 1 over the graph", nullable=False),
        "component": key("bigint", "number of the node's component; 0 is the largest"),
        "community": key("bigint", "number of the node's community; 0 is the largest"),
        "first_at": key("timestamp", "time of the first post of its edges, UTC"),
        "last_at": key("timestamp", "time of the last post of its edges, UTC"),
        **RUN,
    },
)

GRAPH_TOP_NODES = Table(
    name="graph_top_nodes",
    job="network_graph",
    part="graph",
    named_by="graph_summary",
    doc="The nodes of each graph with the highest values of each measure.",
    partition=("topic", "graph", *PERIOD_KEY, "run_id", "measure"),
    clustering=("rank",),
    columns={
        **GRAPH_COLUMNS,
        "measure": one_of("the measure, a column of graph_nodes", *TOP_MEASURES),
        "rank": key("int", "1 is the node with the highest value"),
        "node": key("text", "as in graph_nodes"),
        **LABEL,
        "value": key("double", "the node's value of the measure"),
        **RUN,
    },
)

GRAPH_EDGES = Table(
    name="graph_edges",
    job="network_graph",
    part="graph",
    named_by="graph_summary",
    doc="The edges of each graph. A row stands for all posts from one node to another, or with both hashtags.",
    partition=("topic", "graph", *PERIOD_KEY, "run_id", "bucket"),
    clustering=("src", "dst"),
    columns={
        **GRAPH_COLUMNS,
        **BUCKET,
        "src": key("text", "node of the author who acts, or of the first mode, or the hashtag first in sorted order"),
        "dst": key("text", "node of the other author, or of the second mode, or the other hashtag"),
        "weight": count("number of posts"),
        "first_at": key("timestamp", "time of the first post, UTC"),
        "last_at": key("timestamp", "time of the last post, UTC"),
        **RUN,
    },
)
