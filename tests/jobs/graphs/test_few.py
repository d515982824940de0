"""Few edges: the tables that the driver computes equal those that Spark's executors compute."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from conf.tables import GRAPH_SUMMARY, TOP_MEASURES
from conf.topic import Topic, parse_topic
from jobs import network_graph
from jobs.framework.local import is_local
from jobs.graphs.few import TIMES, Few, few_edges, tables_of
from jobs.graphs.frames import EDGES, KEYS, Options

START = datetime(2016, 5, 1, tzinfo=UTC)
HOSTILE = ["ana", "bob", "zoë🗳️", "a&b", "<c>", "日本語", "العربية", "ığdır", "nul\x00", "nul"]
NAMES = [*HOSTILE, "x:77", "x:99", "x:@ben", "bluesky:did:plc:a", *(f"u{i}" for i in range(200))]
Rows = list[tuple[Any, ...]]


def edges_between(draws: random.Random, graph: str, hour: int, number: int) -> Rows:
    """Random edges of one graph, each once; every tenth or so is a self-edge, which `hashtag` can't have."""
    start = START + timedelta(hours=hour)
    found = {}
    for _ in range(number):
        src, dst = draws.choice(NAMES), draws.choice(NAMES)
        if graph == "hashtag":
            if src == dst:
                continue
            src, dst = sorted((src, dst))
        elif draws.random() < 0.1:
            dst = src
        first = start + timedelta(microseconds=draws.randrange(1_800_000_000))
        last = first + timedelta(seconds=draws.randrange(1000))
        found[src, dst] = (graph, "hour", start, start + timedelta(hours=1), src, dst, draws.randint(1, 9), first, last)
    return list(found.values())


def frame_of(spark: SparkSession, rows: Rows) -> DataFrame:
    return spark.createDataFrame(rows, f"{EDGES}, {TIMES}").localCheckpoint(eager=True)


def sorted_pandas(frame: DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = frame.toPandas()
    names = sorted(found.columns)
    keys = [name for name in (*KEYS, "node", "src", "dst", "measure", "rank") if name in names]
    return found[names].sort_values(keys, ignore_index=True)


def of_few(edges: DataFrame) -> Few:
    labels = {"x:77": "ana", "x:78": "ben", "x:99": "cy"}
    found = few_edges(edges, network_graph.FEW_EDGES)
    assert found is not None
    return tables_of(edges.sparkSession, found, TOP_MEASURES, network_graph.TOP, Options().seed, labels)


def posts_of(spark: SparkSession) -> DataFrame:
    """Posts that tell the handles of three accounts."""
    return spark.createDataFrame([("ana", "77"), ("ben", "78")], "handle string, id string").selectExpr(
        *("'x' AS source", "'1' AS post_id", "id AS author_id", "handle AS author", "array('99 cy') AS accounts"),
        "timestamp('2016-05-01') AS event_at",
    )


def check_same(edges: DataFrame, topic: Topic) -> None:
    many = network_graph._tables_of_many(edges, topic, posts_of(edges.sparkSession), None)
    for name, one, other in zip(Few._fields, of_few(edges), many, strict=True):
        assert is_local(one), name
        assert dict(one.dtypes) == dict(other.dtypes), name
        pd.testing.assert_frame_equal(sorted_pandas(one), sorted_pandas(other), check_exact=True, obj=name)


def test_the_driver_and_the_executors_compute_the_same_tables(spark: SparkSession, topic: Topic) -> None:
    draws = random.Random(2016)
    rows = edges_between(draws, "retweet", 0, 900) + edges_between(draws, "hashtag", 0, 300)
    rows += edges_between(draws, "mention", 1, 3) + edges_between(draws, "mention", 2, 150)
    alone = (START, START + timedelta(hours=1), "ana", "ana", 4, START, START)
    rows.append(("quote", "hour", *alone))  # a graph that has only a self-edge
    check_same(frame_of(spark, rows), topic)


def test_the_tables_of_graphs_with_two_kinds_of_nodes_are_the_same_beside_others(spark: SparkSession) -> None:
    draws = random.Random(7)
    rows = edges_between(draws, "retweet", 0, 200)
    for graph, hour in (("author_hashtag", 0), ("author_hashtag", 1), ("author_host", 0)):
        start = START + timedelta(hours=hour)
        pairs = {(f"x:{draws.randrange(60, 110)}", f"#{draws.choice(NAMES)}") for _ in range(250)}
        rows += [
            (graph, "hour", start, start + timedelta(hours=1), src, dst, draws.randint(1, 9), start, start)
            for src, dst in sorted(pairs)
        ]
    check_same(frame_of(spark, rows), parse_topic("topic: t\ngraph: {kinds: [author_hashtag, author_host]}\n", "f"))


@pytest.mark.parametrize("graph", ["reply", "hashtag"])
def test_one_edge(spark: SparkSession, topic: Topic, graph: str) -> None:
    check_same(frame_of(spark, [(graph, "window", START, START, "a", "b", 1, START, START)]), topic)


def test_only_a_self_edge(spark: SparkSession, topic: Topic) -> None:
    edges = frame_of(spark, [("reply", "window", START, START, "a", "a", 2, START, START)])
    (row,) = of_few(edges).summary.collect()
    assert (row.nodes, row.edges, row.self_edges, row.engine, row.density) == (0, 0, 1, "none", None)
    assert of_few(edges).nodes.count() == 0


def test_no_edge(spark: SparkSession) -> None:
    assert [frame.count() for frame in of_few(frame_of(spark, []))] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("few", "most", "number", "at_driver"),
    [
        *((20, 10, None, True), (20, 10, 5_001, True), (19, 10, None, False), (20, 9, None, False)),
        *((20, 10, 2, True), (19, 10, 2, False), (20, 9, 2, False)),
    ],
)
def test_few_edges_in_all_and_in_each_graph_stay_with_the_driver(
    spark: SparkSession,
    topic: Topic,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    most: int,
    number: int | None,
    at_driver: bool,
) -> None:
    assert (network_graph.FEW_EDGES, network_graph.FEW_POSTS) == (20_000, 5_000)
    monkeypatch.setattr(network_graph, "FEW_EDGES", few)
    rows: Rows = [
        (graph, "hour", START, START + timedelta(hours=1), f"a{i}", f"b{i}", 1, START, START)
        for graph in ("reply", "quote")
        for i in range(10)
    ]
    monkeypatch.setattr(network_graph, "edges_of", lambda *_: frame_of(spark, rows))
    sized = topic.model_copy(update={"graph": topic.graph.model_copy(update={"local_max_edges": most})})
    window: Any = None
    tables = network_graph.compute_graphs(posts_of(spark), sized, window, number=number)
    assert is_local(tables[GRAPH_SUMMARY.name]) is at_driver
