"""The bulk tables: `run_id` is part of the partition key, and `published` says which run is read."""

from conf.schema import Column, Table
from conf.tables.columns import (
    BUCKET,
    GRAPH_COLUMNS,
    KIND_COUNTS,
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
    doc="What each author posted, and which bot rules fired. Says nothing of anyone's leaning.",
    partition=("topic", *PERIOD_KEY, "run_id", "bucket"),
    clustering=("author",),
    columns={
        **PERIOD_COLUMNS,
        **BUCKET,
        "author": key("text", "as in posts; the author id where the handle is unknown"),
        "posts": count("posts by the author"),
        **KIND_COUNTS,
        "mentions_received": count("posts of others that mention the author"),
        "followers": Column("bigint", "as last delivered"),
        "bot_score": share("sum of the weights of the rules that fired, 0..1", nullable=False),
        "bot_flags": Column("frozen<list<text>>", "names of the rules that fired"),
        **RUN,
    },
)

GRAPH_NODES = Table(
    name="graph_nodes",
    job="network_graph",
    part="graph",
    named_by="graph_summary",
    doc="Measures of each node.",
    partition=("topic", "graph", *PERIOD_KEY, "run_id", "bucket"),
    clustering=("node",),
    columns={
        **GRAPH_COLUMNS,
        **BUCKET,
        "node": key("text", "handle, DID, user@server or folded hashtag"),
        "in_degree": count("edges in"),
        "out_degree": count("edges out"),
        "in_weight": count("posts in"),
        "out_weight": count("posts out"),
        "pagerank": share("sums to 1 over the graph", nullable=False),
        "component": key("bigint", "0 is the largest"),
        "community": key("bigint", "0 is the largest"),
        "first_at": key("timestamp", "first post of its edges, UTC"),
        "last_at": key("timestamp", "last post of its edges, UTC"),
        **RUN,
    },
)

GRAPH_TOP_NODES = Table(
    name="graph_top_nodes",
    job="network_graph",
    part="graph",
    named_by="graph_summary",
    doc="The first nodes by each measure.",
    partition=("topic", "graph", *PERIOD_KEY, "run_id", "measure"),
    clustering=("rank",),
    columns={
        **GRAPH_COLUMNS,
        "measure": one_of("a column of graph_nodes", *TOP_MEASURES),
        "rank": key("int", "1 is the highest"),
        "node": key("text", "as in graph_nodes"),
        "value": key("double", "of the measure"),
        **RUN,
    },
)

GRAPH_EDGES = Table(
    name="graph_edges",
    job="network_graph",
    part="graph",
    named_by="graph_summary",
    doc="Aggregated edges.",
    partition=("topic", "graph", *PERIOD_KEY, "run_id", "bucket"),
    clustering=("src", "dst"),
    columns={
        **GRAPH_COLUMNS,
        **BUCKET,
        "src": key("text", "acting author, or the first hashtag in order"),
        "dst": key("text", "the other author, or the second hashtag"),
        "weight": count("posts"),
        "first_at": key("timestamp", "first post, UTC"),
        "last_at": key("timestamp", "last post, UTC"),
        **RUN,
    },
)
