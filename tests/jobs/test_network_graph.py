"""Network graphs over the whole path, compared with NetworkX over the raw lines; and what the tables contain."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import networkx as nx
import orjson
import pandas as pd
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.tables import GRAPH_EDGES, GRAPH_NODES, GRAPH_SUMMARY, GRAPH_TOP_NODES, GRAPHS, TOP_MEASURES
from conf.topic import Topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from jobs.framework.job import JobResult
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from jobs.network_graph import JOB, TOP
from readers.partitions import published_rows
from stores.connect import RedisClient
from stores.published import Period, place_of
from tests.conftest import make_topic
from tests.support.independent_graphs import Network, networks
from tests.support.loading import load, posted_between
from tests.support.posts import stream_line, tweet, user

POSTS = 20_000
START, END = datetime(2016, 5, 7, 12, 30, tzinfo=UTC), datetime(2016, 5, 8, 18, 20, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = ("zoë🗳️", "a&b", "<c>")


@dataclass
class Published:
    """What a run left in the four tables, by (graph, period, start, end)."""

    summary: dict[Any, Any] = field(default_factory=dict)
    nodes: dict[Any, pd.DataFrame] = field(default_factory=dict)
    edges: dict[Any, pd.DataFrame] = field(default_factory=dict)
    tops: dict[Any, pd.DataFrame] = field(default_factory=dict)


def published(session: Session, settings: Settings, topic: Topic) -> Published:
    found = Published()
    for graph in GRAPHS:
        for period in ("hour", "day", "window"):
            query = f"SELECT * FROM {settings.keyspace}.{GRAPH_SUMMARY.name} WHERE topic=%s AND graph=%s AND period=%s"
            for row in session.execute(query, (topic.topic, graph, period)):
                key = (graph, period, row.period_start.replace(tzinfo=UTC), row.period_end.replace(tzinfo=UTC))
                found.summary[key] = row
                for table, frames in (
                    (GRAPH_NODES, found.nodes),
                    (GRAPH_EDGES, found.edges),
                    (GRAPH_TOP_NODES, found.tops),
                ):
                    rows = published_rows(session, settings.keyspace, table, topic, Period(*key))
                    assert {r.run_id for r in rows} <= {row.run_id}
                    frames[key] = pd.DataFrame(rows)
    return found


@dataclass
class Run:
    """A topic, what was published for it, and the expected graphs."""

    topic: Topic
    found: Published
    expected: dict[Any, Network]


@pytest.fixture(scope="module")
def corpus(settings: Settings, session: Session, client: RedisClient, spark: SparkSession, compiled: None) -> Run:
    """20,000 generated posts, of which those of the last days are stored. The job's window has the last day and a
    quarter, which has the most posts."""
    topic = make_topic(settings)
    lines = posted_between(topic, POSTS, 23, START - DAY, END + DAY)
    load(lines, topic.topic, PostsQueue(client, "test:graphs"), session, settings)
    window = parse_window(START.isoformat(), END.isoformat(), topic.zone)
    result = run_job(JOB, spark, session, settings, topic, window)
    found = published(session, settings, topic)
    tables = (found.summary, found.nodes, found.edges, found.tops)
    assert result.rows_written == sum(len(t) if t is found.summary else sum(map(len, t.values())) for t in tables)
    return Run(topic, found, networks(lines, START, END, "Asia/Manila"))


def check(run: Run) -> None:
    """Checks all graphs of all periods: nodes, edges, weights, self-edges, times, degrees, components, PageRank."""
    assert run.found.summary.keys() == run.expected.keys()
    assert run.found.summary
    for key, network in run.expected.items():
        summary, nodes, edges = run.found.summary[key], run.found.nodes[key], run.found.edges[key]
        directed = key[0] != "hashtag"
        graph = network.graph(directed=directed)
        assert summary.self_edges == network.self_edges, key
        assert (summary.nodes, summary.edges) == (len(graph), graph.number_of_edges()), key
        assert summary.weight == graph.size("weight"), key
        if not len(graph):
            assert nodes.empty and edges.empty and summary.engine == "none", key  # noqa: PT018
            continue
        found = {(e.src, e.dst): (e.weight, e.first_at, e.last_at) for e in edges.itertuples()}
        naive = {e: [at.astimezone(UTC).replace(tzinfo=None) for at in network.times[e]] for e in network.weights}
        assert found == {e: (w, min(naive[e]), max(naive[e])) for e, w in network.weights.items() if e[0] != e[1]}, key
        _check_nodes(key, graph, nodes.set_index("node"), network.labels)
        parts = list(nx.weakly_connected_components(graph) if directed else nx.connected_components(graph))
        assert summary.components == len(parts), key
        assert summary.giant_share == pytest.approx(max(map(len, parts)) / len(graph)), key
        labels = nodes.set_index("node")["component"]
        assert {frozenset(labels.index[labels == c]) for c in labels.unique()} == {frozenset(p) for p in parts}, key
        assert summary.density == pytest.approx(nx.density(graph)), key
        assert summary.reciprocity == (pytest.approx(nx.overall_reciprocity(graph)) if directed else None), key
        assert summary.communities == nodes["community"].nunique(), key
        assert summary.engine == "igraph"


def _check_nodes(key: Any, graph: Any, nodes: pd.DataFrame, labels: dict[str, str]) -> None:
    assert set(nodes.index) == set(graph), key
    assert nodes["label"].to_dict() == {node: labels[node] for node in graph}, key
    ways = [graph.in_degree, graph.out_degree] if graph.is_directed() else [graph.degree, graph.degree]
    for prefix, way in zip(("in", "out"), ways, strict=True):
        assert nodes[f"{prefix}_degree"].to_dict() == dict(way()), key
        assert nodes[f"{prefix}_weight"].to_dict() == dict(way(weight="weight")), key
    ranks = pd.Series(nx.pagerank(graph, tol=1e-10, max_iter=500))
    assert (nodes["pagerank"] - ranks[nodes.index]).abs().max() < 1e-6, key
    assert nodes["pagerank"].sum() == pytest.approx(1), key
    assert (nodes["first_at"] <= nodes["last_at"]).all(), key


def test_every_graph_equals_networkx_over_the_raw_lines(corpus: Run) -> None:
    assert {graph for graph, *_ in corpus.expected} == set(corpus.topic.graph.made)
    assert {period for _, period, *_ in corpus.expected} == {"hour", "day", "window"}
    check(corpus)


def test_the_first_nodes_are_those_with_the_highest_values(corpus: Run) -> None:
    for key, nodes in corpus.found.nodes.items():
        if nodes.empty:
            continue
        tops = corpus.found.tops[key]
        assert set(tops["measure"]) == set(TOP_MEASURES)
        for measure, rows in tops.groupby("measure"):
            ordered = nodes.sort_values([measure, "node"], ascending=[False, True]).head(TOP)
            ranked = rows.sort_values("rank")
            assert ranked["node"].tolist() == ordered["node"].tolist(), (key, measure)
            assert ranked["label"].tolist() == ordered["label"].tolist()
            assert ranked["value"].tolist() == ordered[measure].tolist()
            assert ranked["rank"].tolist() == list(range(1, len(ordered) + 1))


def test_a_real_capture_gives_the_same_graphs(
    captures: Path, settings: Settings, session: Session, queue: PostsQueue, spark: SparkSession
) -> None:
    topic = make_topic(settings)
    page = (captures / "x_v2" / "brexit.jsonl").read_bytes()
    lines = _split(page)
    assert load(page.splitlines(), topic.topic, queue, session, settings) == len(lines)
    start, end = "2021-09-22T16:00Z", "2021-09-22T17:00Z"
    run_job(JOB, spark, session, settings, topic, parse_window(start, end, topic.zone))
    expected = networks(lines, datetime.fromisoformat(start), datetime.fromisoformat(end), "Asia/Manila")
    run = Run(topic, published(session, settings, topic), expected)
    assert run.found.summary["retweet", "window", datetime.fromisoformat(start), datetime.fromisoformat(end)].edges > 20
    check(run)


def _split(page: bytes) -> list[bytes]:
    """Returns a page's posts as stream lines."""
    found = orjson.loads(page)
    return [orjson.dumps({"data": post, "includes": found["includes"]}) for post in found["data"]]


IDS = {name: str(900 + place) for place, name in enumerate((*HOSTILE, "me"))}


def acting(number: int, name: str, other: str, kind: str = "replied_to", tags: tuple[str, ...] = ()) -> bytes:
    """Returns a post by `name` that answers, quotes or retweets a post by `other`."""
    users = {n: user(IDS[n], n) for n in dict.fromkeys((name, other))}
    target = tweet(str(number + 5000), author_id=users[other]["id"])
    post = tweet(
        str(number),
        author_id=users[name]["id"],
        referenced_tweets=[{"type": kind, "id": target["id"]}],
        entities={"hashtags": [{"tag": tag} for tag in tags]},
    )
    return stream_line(post, list(users.values()), tweets=[target])


def test_names_that_files_take_badly_a_rerun_self_edges_alone_and_an_empty_window(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue, topic: Topic
) -> None:
    day = parse_window("2016-04-30T16:00Z", "2016-05-01T16:00Z", topic.zone)

    def run_on(*lines: bytes) -> Published:
        load(lines, topic.topic, queue, session, settings)
        run_job(JOB, spark, session, settings, topic, day)
        return published(session, settings, topic)

    first = run_on(acting(1, *HOSTILE[:2]), acting(2, HOSTILE[1], HOSTILE[2]), acting(3, "me", "me"))
    for key, summary in first.summary.items():
        assert key[0] in ("reply", "mention")
        if key[0] == "reply":
            assert set(first.nodes[key]["label"]) == set(HOSTILE)
            assert all(node.startswith("x:90") for node in first.nodes[key]["node"])
            assert (summary.nodes, summary.edges, summary.self_edges) == (3, 2, 1)
    found = run_on(acting(4, "me", "me", "quoted", ("a", "b")))
    runs = [{summary.run_id for summary in of.summary.values()} for of in (first, found)]
    assert runs[0].isdisjoint(runs[1])
    assert set(first.summary) < set(found.summary)
    alone = next(summary for key, summary in found.summary.items() if key[:2] == ("quote", "window"))
    assert (alone.nodes, alone.edges, alone.self_edges, alone.components) == (0, 0, 1, 0)
    assert (alone.density, alone.giant_share, alone.modularity, alone.engine) == (None, None, None, "none")
    tags = found.nodes[next(key for key in found.summary if key[:2] == ("hashtag", "window"))]
    assert set(tags["node"]) == {"a", "b"}
    assert tags["pagerank"].tolist() == pytest.approx([0.5, 0.5])
    empty = parse_window("2016-05-02T16:00Z", "2016-05-03T16:00Z", topic.zone)
    assert run_job(JOB, spark, session, settings, topic, empty).rows_written == 0


def test_two_runs_at_once_end_with_one_complete_result(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = make_topic(settings)
    load(b"".join(generate(topic, 3_000, 5)).splitlines(), topic.topic, queue, session, settings)
    window = parse_window("2016-05-07T16:00Z", "2016-05-08T16:00Z", topic.zone)
    results: list[JobResult] = []

    def run() -> None:
        results.append(run_job(JOB, spark, session, settings, topic, window))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    winner = max(results, key=lambda result: place_of(result.run_id))
    assert not winner.superseded
    found = published(session, settings, topic)  # which checks that all tables name the same run
    assert found.summary
    assert {row.run_id for row in found.summary.values()} == {winner.run_id}
    rows = sum(len(frame) for frames in (found.nodes, found.edges, found.tops) for frame in frames.values())
    assert rows + len(found.summary) == winner.rows_written
    for table in (GRAPH_NODES, GRAPH_EDGES, GRAPH_TOP_NODES):
        stored = session.execute(f"SELECT topic, run_id FROM {settings.keyspace}.{table.name}")
        assert {row.run_id for row in stored if row.topic == topic.topic} == {winner.run_id}


def test_a_longer_window_replaces_hours_of_a_shorter_one_and_leaves_nothing_on_the_list(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue
) -> None:
    topic = make_topic(settings)
    load(b"".join(generate(topic, 3_000, 5)).splitlines(), topic.topic, queue, session, settings)
    day = run_job(
        JOB, spark, session, settings, topic, parse_window("2016-05-07T16:00Z", "2016-05-08T16:00Z", topic.zone)
    )
    longer = run_job(
        JOB, spark, session, settings, topic, parse_window("2016-05-07T04:00Z", "2016-05-08T16:00Z", topic.zone)
    )
    found = published(session, settings, topic)
    whole_day = next(key for key in found.summary if key[1] == "window" and key[2].hour == 16)
    runs = {key[1:]: row.run_id for key, row in found.summary.items()}
    assert runs.pop(whole_day[1:]) == day.run_id
    assert set(runs.values()) == {longer.run_id}
    listed = session.execute(f"SELECT topic FROM {settings.keyspace}.unswept_runs")
    assert topic.topic not in {row.topic for row in listed}
