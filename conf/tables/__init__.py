"""All tables, each declared once. Nothing here imports Spark or opens a session.

`posts.py` has the tables that ingest writes, `summaries.py` and `bulk.py` those that jobs publish, and `runs.py` the
records of runs. `columns.py` has columns that several tables use.
"""

from conf.tables.bulk import AUTHOR_ACTIVITY, GRAPH_EDGES, GRAPH_NODES, GRAPH_TOP_NODES
from conf.tables.columns import (
    GRAPHS,
    KIND_COLUMNS,
    KINDS,
    LONGER_PERIODS,
    NETWORKS,
    PERIOD_KEY,
    PERIODS,
    TOP_MEASURES,
    UNDIRECTED_GRAPHS,
    Graph,
    Kind,
    Period,
)
from conf.tables.posts import (
    COLLECTION_GAPS,
    COLLECTION_THROUGH,
    HIDDEN_POSTS,
    POST_TABLES,
    POST_WORDS,
    POSTS,
    TAKEN_BACK,
    TOPIC_LAYOUT,
    UNTIMED_DAYS,
)
from conf.tables.runs import DATA_QUALITY, JOB_RUNS, PUBLISHED, RUN_ORDER, UNSWEPT, run_list
from conf.tables.summaries import (
    CANDIDATE_HASHTAGS,
    CANDIDATE_POLL,
    CASCADES,
    GRAPH_SUMMARY,
    HASHTAG_TRENDS,
    POLL_BACKTEST,
)

TABLES = (
    *POST_TABLES,
    HIDDEN_POSTS,
    TAKEN_BACK,
    TOPIC_LAYOUT,
    UNTIMED_DAYS,
    CANDIDATE_POLL,
    POLL_BACKTEST,
    HASHTAG_TRENDS,
    CANDIDATE_HASHTAGS,
    AUTHOR_ACTIVITY,
    GRAPH_SUMMARY,
    GRAPH_NODES,
    GRAPH_TOP_NODES,
    GRAPH_EDGES,
    CASCADES,
    COLLECTION_GAPS,
    COLLECTION_THROUGH,
    DATA_QUALITY,
    JOB_RUNS,
    RUN_ORDER,
    PUBLISHED,
    UNSWEPT,
)
"""All tables, in the order in which they are created."""

__all__ = [
    "AUTHOR_ACTIVITY",
    "CANDIDATE_HASHTAGS",
    "CANDIDATE_POLL",
    "CASCADES",
    "COLLECTION_GAPS",
    "COLLECTION_THROUGH",
    "DATA_QUALITY",
    "GRAPHS",
    "GRAPH_EDGES",
    "GRAPH_NODES",
    "GRAPH_SUMMARY",
    "GRAPH_TOP_NODES",
    "HASHTAG_TRENDS",
    "HIDDEN_POSTS",
    "JOB_RUNS",
    "KINDS",
    "KIND_COLUMNS",
    "LONGER_PERIODS",
    "NETWORKS",
    "PERIODS",
    "PERIOD_KEY",
    "POLL_BACKTEST",
    "POSTS",
    "POST_TABLES",
    "POST_WORDS",
    "PUBLISHED",
    "RUN_ORDER",
    "TABLES",
    "TAKEN_BACK",
    "TOPIC_LAYOUT",
    "TOP_MEASURES",
    "UNDIRECTED_GRAPHS",
    "UNSWEPT",
    "UNTIMED_DAYS",
    "Graph",
    "Kind",
    "Period",
    "run_list",
]
