"""Two-mode graphs and their projections as files: what NetworkX and igraph read, what is said, and what is refused."""

import json
import math
import uuid
from pathlib import Path
from typing import Any

import igraph
import networkx as nx
import pandas as pd
import pyarrow.parquet as pq
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.topic import Topic, load_topic
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from jobs.network_graph import JOB
from readers.cli import main
from tests.conftest import SHIPPED_TOPICS, make_topic
from tests.support.engine_set import HOME
from tests.support.independent_items import items_of
from tests.support.independent_two_modes import KINDS, enriched, two_mode_networks
from tests.support.loading import load
from tests.support.schemas import schema
from tests.support.stored_graph import export, store

HASHTAGS = {
    ("x:1", "#istanbul"): 3,
    ("x:2", "#istanbul"): 4,
    ("x:1", "#選挙"): 1,
    ("x:2", "#選挙"): 1,
    ("x:2", "#انتخابات"): 2,
    ("x:3", "#انتخابات"): 5,
    ("x:4", "#=cmd()"): 9,
}
LABELS = {"x:1": "ana", "x:2": "=ben", "x:3": "@cy"}
COUNTS = {("x:1", "x:2"): 2, ("x:2", "x:3"): 1}
COSINES = {("x:1", "x:2"): 13 / math.sqrt(10 * 21), ("x:2", "x:3"): 10 / math.sqrt(21 * 25)}


@pytest.fixture
def asking(settings: Settings) -> Topic:
    """A topic that asks for all two-mode graphs."""
    return make_topic(settings, f"graph: {{kinds: [{', '.join(KINDS)}]}}\n")


@pytest.fixture
def tagged(session: Session, settings: Settings, asking: Topic) -> Topic:
    """The topic with a stored graph of authors and hashtags."""
    store(HASHTAGS, session, settings, asking, "author_hashtag", LABELS)
    return asking


def pairs(graph: Any) -> dict[tuple[str, str], float]:
    return {(min(a, b), max(a, b)): weight for a, b, weight in graph.edges(data="weight")}


def test_gephi_and_networkx_read_the_mode_of_each_node(tagged: Topic, tmp_path: Path) -> None:
    gexf = export(tagged, tmp_path / "g.gexf", graph="author_hashtag")
    graphml = export(tagged, tmp_path / "g.graphml", "--format", "graphml", graph="author_hashtag")
    for file, kind in ((gexf, "gexf"), (graphml, "graphml")):
        schema(kind, HOME).validate(str(file))
    made = nx.read_gexf(gexf)
    assert not made.is_directed()
    assert pairs(made) == {(min(edge), max(edge)): weight for edge, weight in HASHTAGS.items()}
    authors = {node for node, value in made.nodes(data="bipartite") if value == 0}
    assert authors == {f"x:{n}" for n in range(1, 5)}
    assert nx.bipartite.is_bipartite_node_set(made, authors)
    modes = {node: values["mode"] for node, values in made.nodes(data=True)}
    assert modes == {node: "author" if node in authors else "hashtag" for node in made}
    read = {values["node"]: values for _, values in nx.read_graphml(graphml).nodes(data=True)}
    assert {node: (read[node]["mode"], read[node]["bipartite"]) for node in read} == {
        node: (mode, int(mode == "hashtag")) for node, mode in modes.items()
    }
    assert read["x:1"]["label"] == "ana"
    assert read["#選挙"]["label"] == "#選挙"
    assert sorted(igraph.Graph.Read_GraphML(str(graphml)).vs["bipartite"]) == [0] * 4 + [1] * 4


def test_a_table_of_nodes_has_the_mode_and_no_formulas(tagged: Topic, tmp_path: Path) -> None:
    file = export(tagged, tmp_path / "n.csv", "--format", "csv", "--nodes", graph="author_hashtag")
    rows = pd.read_csv(file, keep_default_na=False).set_index("node")
    assert rows.loc["x:2", ["label", "mode", "bipartite"]].tolist() == ["'=ben", "author", 0]
    assert rows.loc["x:3", "label"] == "'@cy"
    assert rows.loc["#istanbul", ["label", "mode", "bipartite", "in_weight"]].tolist() == ["#istanbul", "hashtag", 1, 7]
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for line in file.read_text().splitlines() for cell in line.split(",")
    )


@pytest.mark.parametrize(("by", "expected"), [("count", COUNTS), ("cosine", COSINES)])
def test_a_projection_in_each_format(
    tagged: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str], by: str, expected: dict[Any, float]
) -> None:
    asked = ("--project", "author", "--by", by)
    files = {
        kind: export(tagged, tmp_path / f"g.{kind}", "--format", kind, *asked, graph="author_hashtag")
        for kind in ("gexf", "graphml", "csv", "ndjson", "parquet")
    }
    told = "2 of 2 edges kept: the 50 strongest of each author; no hashtag has more than 200 authors, so all were"
    assert capsys.readouterr().err.count(told) == 5
    for kind in ("gexf", "graphml"):
        schema(kind, HOME).validate(str(files[kind]))
        assert f"projected: authors that share hashtags, weight by {by}; {told}" in files[kind].read_text()
    made = nx.read_gexf(files["gexf"])
    assert pairs(made) == pytest.approx(expected)
    assert set(made) == {f"x:{n}" for n in range(1, 5)}  # x:4 shares nothing, and stays
    assert {n: (v["label"], v["items"], v["posts"]) for n, v in made.nodes(data=True)}["x:2"] == ("=ben", 3, 7)
    assert {edge[:2]: edge[2] for edge in made.edges(data="shared")} == COUNTS
    read = nx.read_graphml(files["graphml"])
    assert pairs(nx.relabel_nodes(read, dict(read.nodes(data="node")))) == pytest.approx(expected)
    tables = pd.read_csv(files["csv"]), pd.read_json(files["ndjson"], lines=True), pd.read_parquet(files["parquet"])
    for table in tables:
        assert list(table) == ["src", "dst", "weight", "shared"]
        assert {(r.src, r.dst): r.weight for r in table.itertuples()} == pytest.approx(expected)
    assert told in (pq.read_schema(files["parquet"]).metadata or {})[b"description"].decode()


def test_the_other_mode_can_be_projected_and_top_limits_each_nodes_edges(
    tagged: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.gexf"
    export(tagged, file, "--project", "hashtag", "--by", "jaccard", graph="author_hashtag")
    tags = nx.read_gexf(file)
    assert pairs(tags) == pytest.approx(
        {("#istanbul", "#選挙"): 1, ("#istanbul", "#انتخابات"): 1 / 3, ("#انتخابات", "#選挙"): 1 / 3}
    )
    export(tagged, file, "--project", "hashtag", "--by", "jaccard", "--top", "1", graph="author_hashtag")
    assert pairs(nx.read_gexf(file)).keys() == {("#istanbul", "#選挙"), ("#istanbul", "#انتخابات")}
    assert "2 of 3 edges kept: the 1 strongest of each hashtag" in capsys.readouterr().err
    nodes = pd.read_csv(
        export(tagged, tmp_path / "n.csv", "--format", "csv", "--nodes", "--project", "hashtag", graph="author_hashtag")
    )
    assert dict(zip(nodes["node"], nodes["items"], strict=True))["#istanbul"] == 2


def test_items_of_many_authors_are_cut_and_the_file_says_so(
    session: Session, settings: Settings, asking: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = {(f"x:{n}", "news.example"): 1 for n in range(203)}
    store(weights, session, settings, asking, "author_host")
    file = export(asking, tmp_path / "g.gexf", "--project", "author", graph="author_host")
    told = (
        "of 1 hosts with more than 200 authors, only the 200 authors with the most posts were compared (603 pairs left "
        "out)"
    )
    assert told in capsys.readouterr().err
    assert told in file.read_text()


def test_all_graphs_go_into_one_table_with_their_kind(
    session: Session, settings: Settings, asking: Topic, tmp_path: Path
) -> None:
    run = uuid.uuid1()
    retweets = {("x:1", "x:2"): 2}
    store({("x:9", "x:8"): 1}, session, settings, asking, "reply")  # an earlier run's
    store(retweets, session, settings, asking, "retweet", run_id=run)
    store(HASHTAGS, session, settings, asking, "author_hashtag", LABELS, run_id=run)
    edges = pd.read_csv(export(asking, tmp_path / "e.csv", graph="all"))
    assert list(edges) == ["graph", "src", "dst", "weight", "first_at", "last_at"]
    expected = {("retweet", *edge): w for edge, w in retweets.items()}
    expected |= {("author_hashtag", *edge): w for edge, w in HASHTAGS.items()}
    assert {(r.graph, r.src, r.dst): r.weight for r in edges.itertuples()} == expected
    nodes = pd.read_parquet(export(asking, tmp_path / "n.parquet", "--format", "parquet", "--nodes", graph="all"))
    modes = {(r.graph, r.node): (r.mode, None if pd.isna(r.bipartite) else r.bipartite) for r in nodes.itertuples()}
    assert modes["retweet", "x:1"] == ("author", None)
    assert modes["author_hashtag", "x:1"] == ("author", 0)
    assert modes["author_hashtag", "#選挙"] == ("hashtag", 1)


@pytest.mark.parametrize("ego", ["#İSTANBUL", "istanbul", "#istanbul"])
def test_a_hashtag_is_found_as_people_write_it(tagged: Topic, tmp_path: Path, ego: str) -> None:
    read = nx.read_gexf(export(tagged, tmp_path / "g.gexf", "--ego", ego, graph="author_hashtag"))
    assert set(read) == {"#istanbul", "x:1", "x:2"}


def test_a_person_sees_the_first_of_both_modes(
    tagged: Topic, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["graph", "--topic", tagged.topic, "--graph", "author_hashtag"]) == 0
    shown = capsys.readouterr().out
    assert "Who uses which hashtag" in shown
    assert "by posts: authors" in shown
    assert "by posts: hashtags" in shown
    for kind in ("png", "html"):
        file = tmp_path / f"g.{kind}"
        assert main(["graph", "--topic", tagged.topic, "--graph", "author_hashtag", f"--{kind}", str(file)]) == 0
        assert file.stat().st_size


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "--graph is missing. Give one of retweet, reply, quote, mention, hashtag, author_host"),
        (["--graph", "author_hosts"], 2, "'author_hosts' is not one of"),
        (["--graph", "retweet", "--by", "cosine"], 2, "--by weighs the edges of a projection. Give --project author"),
        (["--graph", "retweet", "--project", "author"], 2, "two kinds of nodes, and retweet has one. Give --graph"),
        (["--graph", "all", "--project", "host"], 2, "--project takes one graph. Give --graph author_host or"),
        (["--graph", "author_hashtag", "--project", "host"], 2, "author_hashtag has no hosts. Give --project"),
        (["--project", "author"], 2, "has several graphs of authors. Give --graph author_host or author_hashtag"),
        (["--graph", "author_hashtag", "--project", "author", "--ego", "ana"], 2, "made of the whole graph. Of what"),
        (["--graph", "author_hashtag", "--project", "author", "--by", "pmi"], 2, "'pmi' is not one of"),
        (["--graph", "author_hashtag", "--project", "author", "--nodes"], 2, "--nodes is for csv"),
        (["--graph", "all", "--format", "gexf"], 2, "all is a table, and gexf has one graph. Give --format csv"),
        (["--graph", "all", "--ego", "ana"], 2, "--ego is of one graph"),
        (["--graph", "hashtag_host"], 1, "no hashtag_host graph of"),
    ],
)
def test_what_is_wrong_is_one_line(
    tagged: Topic, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, told: str
) -> None:
    assert main(["export", "--topic", tagged.topic, *arguments]) == code
    error = capsys.readouterr().err
    assert told in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", ["export", "graph"])
def test_a_graph_that_the_topic_does_not_ask_for_says_how_to_ask(
    settings: Settings, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    topic = make_topic(settings, "graph: {kinds: author_hashtag}\n")
    assert main([command, "--topic", topic.topic, "--graph", "author_host"]) == 2
    assert capsys.readouterr().err == (
        f"error: topic {topic.topic} does not ask for the graph author_host. Write `graph: {{kinds: [author_hashtag, "
        "author_host]}` in its file, and run jobs/network_graph.py again\n"
    )
    if command == "export":
        assert main(["export", "--topic", topic.topic, "--project", "host"]) == 2
        assert "does not ask for the graph author_host" in capsys.readouterr().err


def test_from_posts_to_files(
    spark: SparkSession, session: Session, settings: Settings, queue: PostsQueue, asking: Topic, tmp_path: Path
) -> None:
    lines = enriched(b"".join(generate(load_topic("ph2016", SHIPPED_TOPICS), 2_000, 31)).splitlines())
    load(lines, asking.topic, queue, session, settings)
    window = parse_window("2016-05-07T12:30Z", "2016-05-08T18:20Z", asking.zone)
    run_job(JOB, spark, session, settings, asking, window)
    carried = [(item, item.seen.hashtags if item.seen else set()) for item in items_of(lines)]
    expected = two_mode_networks(carried, window.start, window.end, "Asia/Manila")
    for graph in KINDS:
        network = expected[graph, "window", window.start, window.end]
        assert len(network.weights) > 20
        read = nx.read_gexf(export(asking, tmp_path / "g.gexf", graph=graph))
        assert pairs(read) == {(min(e), max(e)): w for e, w in network.weights.items()}
        first = {node for node, value in read.nodes(data="bipartite") if value == 0}
        assert first == {src for src, _ in network.weights}
        mode = graph.split("_")[0]
        file = export(asking, tmp_path / "p.csv", "--format", "csv", "--project", mode, "--top", "100000", graph=graph)
        assert network_of(file) == nx_projection(network.weights)
    rows = export(asking, tmp_path / "all.ndjson", "--format", "ndjson", graph="all").read_text().splitlines()
    assert {json.loads(row)["graph"] for row in rows} >= set(KINDS)


def network_of(file: Path) -> dict[tuple[str, str], int]:
    return {(r.src, r.dst): r.weight for r in pd.read_csv(file).itertuples()}


def nx_projection(weights: Any) -> dict[tuple[str, str], int]:
    """Returns the numbers of shared items by NetworkX; no item here has more than 200 nodes."""
    graph = nx.Graph(list(weights))
    assert max(degree for node, degree in graph.degree({dst for _, dst in weights})) <= 200
    made = nx.bipartite.weighted_projected_graph(graph, {src for src, _ in weights})
    return {(min(a, b), max(a, b)): weight for a, b, weight in made.edges(data="weight")}
