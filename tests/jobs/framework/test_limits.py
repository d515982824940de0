"""The limits that declarations set for tables: pinned here, since a changed limit changes what a check promises."""

import pytest
from pyspark.sql import SparkSession

from conf import tables
from conf.schema import Table
from conf.tables import POSTS
from jobs.framework.columns import SPARK, spark_schema
from jobs.framework.expectations import declared

PERIOD = "topic period period_start period_end"
GRAPH = f"{PERIOD} graph"
RUN = "run_id computed_at"
KINDS = "originals retweets replies quotes"
HOURS, DAYS = {"is one of hour, day, window": "period"}, {"is one of day, window": "period"}
GRAPHS = {
    **HOURS,
    "is one of retweet, reply, quote, mention, hashtag, author_host, author_hashtag, hashtag_host": "graph",
}
NETWORKS = {"is one of x, bluesky, mastodon": "source"}
OF_KIND = f"{PERIOD} kind"
OBJECTS = {"is one of retweet, link, text, hashtags, reply": "kind"}
LIMITS: dict[str, dict[str, str]] = {
    "posts": {
        "is not null": "topic day bucket source post_id event_at author_id kind",
        **NETWORKS,
        "is one of original, retweet, reply, quote": "kind",
    },
    "author_activity": {
        "is not null": f"{PERIOD} bucket author label posts {KINDS} mentions_received bot_score {RUN}",
        **HOURS,
        "is at least 0": f"posts {KINDS} mentions_received",
        "is 0 to 1": "bot_score",
    },
    "graph_edges": {
        "is not null": f"{GRAPH} bucket src dst weight first_at last_at {RUN}",
        **GRAPHS,
        "is at least 0": "weight",
    },
    "graph_nodes": {
        "is not null": f"{GRAPH} bucket node label in_degree out_degree in_weight out_weight pagerank component "
        f"community first_at last_at {RUN}",
        **GRAPHS,
        "is at least 0": "in_degree out_degree in_weight out_weight",
        "is 0 to 1": "pagerank",
    },
    "graph_top_nodes": {
        "is not null": f"{GRAPH} measure rank node label value {RUN}",
        **GRAPHS,
        "is one of pagerank, in_weight, out_weight, in_degree, out_degree": "measure",
    },
    "graph_summary": {
        "is not null": f"{GRAPH} nodes edges weight self_edges components communities engine {RUN}",
        **GRAPHS,
        "is at least 0": "nodes edges weight self_edges components communities",
        "is 0 to 1": "density reciprocity giant_share",
    },
    "candidate_hashtags": {
        "is not null": f"{PERIOD} race candidate rank hashtag posts authors log_odds z_score method {RUN}",
        **DAYS,
        "is at least 0": "posts authors",
    },
    "candidate_poll": {
        "is not null": f"{PERIOD} race candidate name posts {KINDS} authors share_posts share_authors posts_total "
        f"authors_total method {RUN}",
        **HOURS,
        "is at least 0": f"posts {KINDS} authors posts_total authors_total",
        "is 0 to 1": "share_posts share_authors share_authors_low share_authors_high share_authors_no_bots "
        "share_authors_no_groups coverage",
    },
    "cascades": {
        "is not null": f"{PERIOD} rank source post_id retweets retweeters quotes depth first_at last_at "
        f"duration_seconds half_life_seconds {RUN}",
        **DAYS,
        **NETWORKS,
        "is at least 0": "retweets retweeters quotes duration_seconds half_life_seconds",
        "is at least 1": "depth",
    },
    "conversations": {
        "is not null": f"{PERIOD} rank source root posts authors depth widest shape first_at last_at "
        f"half_life_seconds {RUN}",
        **DAYS,
        **NETWORKS,
        "is one of star, chain, tree": "shape",
        "is at least 0": "half_life_seconds replies_per_retweet",
        "is at least 1": "posts authors depth widest",
        "is 0 to 1": "share_flagged share_strangers",
    },
    "hashtag_trends": {
        "is not null": f"{PERIOD} rank hashtag posts authors {RUN}",
        **HOURS,
        "is at least 0": "posts authors previous_posts",
    },
    "text_families": {
        "is not null": f"{PERIOD} rank family text post_id source posts authors texts sources first_at last_at "
        f"half_life_seconds large_bands {RUN}",
        **DAYS,
        **NETWORKS,
        "is at least 0": "posts half_life_seconds large_bands",
        "is at least 1": "texts",
        "is at least 2": "authors",
        "is 0 to 1": "share_flagged new_account_share",
    },
    "top_items": {
        "is not null": f"{PERIOD} kind rank item label posts authors originals first_at {RUN}",
        **HOURS,
        "is one of host, link, media, language, client, mentioned, retweeted, place, word": "kind",
        "is at least 0": "posts authors originals previous_posts",
        "is 0 to 1": "share_flagged",
    },
    "topic_volume": {
        "is not null": f"{PERIOD} posts {KINDS} authors new_authors with_link with_own_link with_hashtag with_mention "
        f"with_place share_top_authors {RUN}",
        **HOURS,
        "is at least 0": f"posts {KINDS} authors new_authors with_link with_own_link with_hashtag with_mention "
        "with_place",
        "is 0 to 1": "share_top_authors share_flagged coverage",
    },
    "coordination_summary": {
        "is not null": f"{OF_KIND} window_seconds actions accounts objects declared pairs significant_pairs groups "
        f"objects_cut actions_cut method {RUN}",
        **DAYS,
        **OBJECTS,
        "is at least 0": "actions accounts objects declared pairs significant_pairs groups objects_cut actions_cut",
        "is at least 1": "window_seconds",
    },
    "coordination_pairs": {
        "is not null": f"{OF_KIND} bucket src dst objects occasions strength expected p_value q_value q_occasions "
        f"mean_delta_seconds shortest_window {RUN}",
        **DAYS,
        **OBJECTS,
        "is at least 0": "strength expected mean_delta_seconds",
        "is at least 1": "shortest_window occasions",
        "is at least 2": "objects",
        "is 0 to 1": "p_value q_value q_occasions",
    },
    "coordination_groups": {
        "is not null": f"{OF_KIND} group accounts pairs objects posts degree top_objects first_at last_at {RUN}",
        **DAYS,
        **OBJECTS,
        "is at least 0": "posts",
        "is at least 1": "objects degree",
        "is at least 2": "pairs",
        "is at least 3": "accounts",
        "is 0 to 1": "share_flagged",
    },
    "coordination_objects": {
        "is not null": f"{OF_KIND} bucket group object shown accounts first_at last_at {RUN}",
        **DAYS,
        **OBJECTS,
        "is at least 2": "accounts",
    },
    "coordination_accounts": {
        "is not null": f"{OF_KIND} bucket group author label pairs objects first_at last_at {RUN}",
        **DAYS,
        **OBJECTS,
        "is at least 1": "pairs objects",
    },
    "poll_backtest": {
        "is not null": f"topic race measure mae mae_uniform window_start window_end method {RUN}",
        "is 0 to 1": "mae mae_uniform",
    },
}
"""The limits of every table that jobs read or publish: the columns of each expectation."""


@pytest.mark.parametrize("name", LIMITS)
def test_the_declared_limits(spark: SparkSession, name: str) -> None:
    table = next(found for found in vars(tables).values() if isinstance(found, Table) and found.name == name)
    names = [column for column in table.columns if table.columns[column].cql in SPARK]
    expected = declared(spark.createDataFrame([], spark_schema(table, names)), table)
    pinned = {f"{column} {limit}" for limit, columns in LIMITS[name].items() for column in columns.split()}
    assert {e.says for e in expected} == pinned


def test_every_table_of_a_job_is_pinned() -> None:
    published = {table.name for table in vars(tables).values() if isinstance(table, Table) and table.job}
    assert published | {POSTS.name} == LIMITS.keys()
