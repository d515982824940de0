"""Graphs with two kinds of nodes: compared with plain Python and NetworkX, and one rule per test."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from conf.digest import digest
from conf.folding import VERSION as FOLDING
from conf.folding import fold_tags
from conf.partitions import parts_of
from conf.tables import GRAPH_EDGES, GRAPH_NODES, GRAPH_SUMMARY, GRAPH_TOP_NODES
from conf.topic import Topic, parse_topic
from corpus import generate
from ingest.formats.limits import MOST_ITEMS
from ingest.formats.post import Post
from jobs import network_graph
from jobs.framework.inputs import posts_of
from jobs.framework.job import Inputs
from jobs.framework.window import Window
from jobs.measures.two_modes import two_mode_pairs
from tests.conftest import SHIPPED_TOPICS
from tests.support.captured import CAPTURES, parsed
from tests.support.independent_graphs import Network
from tests.support.independent_items import item_of_post, items_of
from tests.support.independent_two_modes import KINDS, enriched, two_mode_networks
from tests.support.post_frames import frame_of, post_frame

PLAIN = parse_topic("topic: t\ntimezone: Asia/Manila\n", "f")
ASKING = parse_topic(f"topic: t\ntimezone: Asia/Manila\ngraph: {{kinds: [{', '.join(KINDS)}]}}\n", "f")
NOON = datetime(2016, 5, 1, 12, 30, tzinfo=UTC)
NUMBERS = count(1)
POSTS, START, END = 2_500, datetime(2016, 5, 7, 12, 30, tzinfo=UTC), datetime(2016, 5, 8, 18, 20, tzinfo=UTC)
TABLES = (GRAPH_EDGES, GRAPH_NODES, GRAPH_TOP_NODES, GRAPH_SUMMARY)
pytestmark = pytest.mark.usefixtures("compiled")
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    ph2016 = parse_topic((SHIPPED_TOPICS / "ph2016.yaml").read_text(), "f")
    return enriched(b"".join(generate(ph2016, POSTS, 29)).splitlines())


@pytest.fixture(scope="module")
def posts(spark: SparkSession, lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    found = post_frame(spark, lines, tmp_path_factory.mktemp("graphs") / "posts.parquet")
    return found.where(F.col("event_at").between(START, END - timedelta(microseconds=1))).persist()


def computed(posts: DataFrame, topic: Topic, start: datetime = START, end: datetime = END) -> Tables:
    found = network_graph.compute_graphs(posts, topic, Window(start, end, topic.zone))
    return {table.name: found[table.name].toPandas() for table in TABLES}


def by_graph(rows: pd.DataFrame) -> dict[Any, pd.DataFrame]:
    keys = ["graph", "period", "period_start", "period_end"]
    return {(g, p, *(at.tz_localize(UTC) for at in ends)): some for (g, p, *ends), some in rows.groupby(keys)}


def check(found: Tables, expected: dict[Any, Network]) -> None:
    """Checks edges, times, degrees, strengths, PageRank, components and density of every two-mode graph."""
    summaries, nodes, edges = (by_graph(found[t.name]) for t in (GRAPH_SUMMARY, GRAPH_NODES, GRAPH_EDGES))
    assert {key for key in summaries if key[0] in KINDS} == set(expected)
    for key, network in expected.items():
        rows = {
            (e.src, e.dst): (e.weight, *(at.tz_localize(UTC) for at in (e.first_at, e.last_at)))
            for e in edges[key].itertuples()
        }
        times = network.times
        assert rows == {edge: (w, min(times[edge]), max(times[edge])) for edge, w in network.weights.items()}, key
        graph, of_key = network.graph(directed=False), nodes[key].set_index("node")
        first = {src for src, _ in network.weights}
        assert set(of_key.index) == set(graph), key
        for figure, degrees in (("degree", dict(graph.degree())), ("weight", dict(graph.degree(weight="weight")))):
            assert of_key[f"out_{figure}"].to_dict() == {n: d if n in first else 0 for n, d in degrees.items()}, key
            assert of_key[f"in_{figure}"].to_dict() == {n: 0 if n in first else d for n, d in degrees.items()}, key
        ranks = pd.Series(nx.pagerank(graph, tol=1e-10, max_iter=500))
        assert (of_key["pagerank"] - ranks[of_key.index]).abs().max() < 1e-6, key
        (summary,) = summaries[key].itertuples()
        assert summary.density == pytest.approx(nx.bipartite.density(graph, first)), key
        assert (summary.nodes, summary.edges, summary.self_edges) == (len(graph), graph.number_of_edges(), 0), key
        assert summary.components == nx.number_connected_components(graph), key
        assert pd.isna(summary.reciprocity), key
        assert summary.modularity <= barber(graph, of_key["community"].to_dict(), first) + 1e-9, key


def barber(graph: Any, community: dict[str, int], first: set[str]) -> float:
    """Returns the modularity of Barber (2007), which expects edges only between the modes."""
    whole, total = graph.size("weight"), 0.0
    strengths = dict(graph.degree(weight="weight"))
    for label in set(community.values()):
        some = [node for node in graph if community[node] == label]
        sides = [sum(strengths[n] for n in some if (n in first) is side) for side in (True, False)]
        total += graph.subgraph(some).size("weight") / whole - sides[0] * sides[1] / whole**2
    return total


@pytest.mark.parametrize(("few", "most"), [(10**9, 10**9), (0, 10**9), (0, 0)], ids=["few", "igraph", "spark"])
def test_every_two_mode_graph_equals_one_computed_apart(
    posts: DataFrame, lines: list[bytes], monkeypatch: pytest.MonkeyPatch, few: int, most: int
) -> None:
    monkeypatch.setattr(network_graph, "FEW_EDGES", few)
    sized = ASKING.model_copy(update={"graph": ASKING.graph.model_copy(update={"local_max_edges": most})})
    found = computed(posts, sized)
    carried = [(item, item.seen.hashtags if item.seen else set()) for item in items_of(lines)]
    expected = two_mode_networks(carried, START, END, "Asia/Manila")
    assert {graph for graph, *_ in expected} == set(KINDS)
    assert {period for _, period, *_ in expected} == {"hour", "day", "window"}
    check(found, expected)
    assert min(len(expected[graph, "window", START, END].weights) for graph in KINDS) > 20


def test_the_other_graphs_are_the_same_as_without(posts: DataFrame) -> None:
    with_kinds, plain = computed(posts, ASKING), computed(posts, PLAIN)
    for name, frame in plain.items():
        assert set(frame["graph"]) == {"retweet", "reply", "quote", "mention", "hashtag"}
        order = [c for c in ("graph", "period", "period_start", "src", "dst", "node", "measure", "rank") if c in frame]
        others = with_kinds[name][~with_kinds[name]["graph"].isin(KINDS)]
        pd.testing.assert_frame_equal(
            *(some.sort_values(order, ignore_index=True) for some in (frame, others)), obj=name
        )


def test_a_topic_that_does_not_ask_reads_and_makes_what_it_did_before() -> None:
    given = posts_of(network_graph.JOB)
    assert "urls" not in given.columns_of(PLAIN)
    assert given.columns_of(ASKING) == [*given.columns_of(PLAIN), "urls"]
    tags_only = parse_topic("topic: t\ngraph: {kinds: author_hashtag}\n", "f")
    assert given.columns_of(tags_only) == given.columns_of(PLAIN)
    assert parts_of(GRAPH_EDGES, PLAIN) == ("retweet", "reply", "quote", "mention", "hashtag")
    assert parts_of(GRAPH_EDGES, ASKING) == (*parts_of(GRAPH_EDGES, PLAIN), *KINDS)
    before = digest("graphs/2 pagerank/0.85 leiden", FOLDING)
    methods = [network_graph.methods(topic, Inputs({}))[""] for topic in (PLAIN, ASKING, tags_only)]
    assert methods[0] == before
    assert len(set(methods)) == 3


def post(account: str, **changes: Any) -> Post:
    number = next(NUMBERS)
    base = {"source": "x", "post_id": str(number), "event_at": NOON, "author_id": account, "author": f"h{account}"}
    return Post(**{**base, **changes})


def edges_of(spark: SparkSession, posts: list[Post], folder: Path) -> dict[str, dict[tuple[str, str], int]]:
    """Returns the weights of the window's edges, by graph."""
    frame = frame_of(spark, posts, folder / "posts.parquet")
    rows = computed(frame, ASKING, NOON, NOON + timedelta(minutes=1))[GRAPH_EDGES.name]
    return {g: dict(zip(zip(e.src, e.dst, strict=True), e.weight, strict=True)) for g, e in rows.groupby("graph")}


def test_a_small_case_by_hand(spark: SparkSession, tmp_path: Path) -> None:
    said = [
        post("1", urls=["https://www.bbc.co.uk/a", "https://bbc.co.uk/b"], hashtags=["vote", "vote"]),
        post("1", urls=["https://news.bbc.co.uk/c", "http://ana.github.io/"]),
        post("2", urls=["https://bbc.co.uk/a", "https://x.com/ana/status/1", "no address"], hashtags=["vote"]),
        post("2", hashtags=["go"]),
        post("3", retweet_of="1", retweet_of_author="h1", urls=["https://bbc.co.uk/a"], hashtags=["vote"]),
    ]
    found = edges_of(spark, said, tmp_path)
    assert found["author_host"] == {("x:1", "bbc.co.uk"): 2, ("x:1", "ana.github.io"): 1, ("x:2", "bbc.co.uk"): 1}
    assert found["author_hashtag"] == {("x:1", "#vote"): 1, ("x:2", "#vote"): 1, ("x:2", "#go"): 1}
    assert found["hashtag_host"] == {("#vote", "bbc.co.uk"): 2}


def test_links_into_the_own_network_are_left_out_on_each_network(spark: SparkSession, tmp_path: Path) -> None:
    home = {"x": "https://t.co/abc", "bluesky": "https://bsky.app/profile/a", "mastodon": "https://social.example/@a"}
    said = [
        post("1", source=source, author="ana@social.example", urls=[*home.values(), "https://news.example/1"])
        for source in home
    ]
    found = edges_of(spark, said, tmp_path)["author_host"]
    away = {source: {host for (author, host) in found if author == f"{source}:1"} for source in home}
    assert away == {
        "x": {"bsky.app", "social.example", "news.example"},
        "bluesky": {"t.co", "social.example", "news.example"},
        "mastodon": {"t.co", "bsky.app", "news.example"},
    }


def test_no_node_of_one_kind_is_one_of_the_other(spark: SparkSession, tmp_path: Path) -> None:
    """Hashtags named as an account, as a site and as a numeric address."""
    tags = ["x:1", "news.example", "[::1]", "#x:1"]
    said = [post("1", hashtags=tags, urls=["https://news.example/", "http://[::1]/a", "http://xn--bcher-kva.example/"])]
    frame = frame_of(spark, said, tmp_path / "posts.parquet")
    nodes = computed(frame, ASKING, NOON, NOON + timedelta(minutes=1))[GRAPH_NODES.name]
    hosts, hashes = {"news.example", "[::1]", "bücher.example"}, {f"#{tag}" for tag in tags}
    expected = {"author_host": {"x:1", *hosts}, "author_hashtag": {"x:1", *hashes}, "hashtag_host": hashes | hosts}
    for graph, names in expected.items():
        rows = nodes[nodes["graph"] == graph].set_index("node")
        assert set(rows.index) == names
        assert rows["label"].to_dict() == {name: "h1" if name == "x:1" else name for name in names}
        first = {name for name in names if (name in hashes if graph == "hashtag_host" else name == "x:1")}
        assert set(rows.index[rows["out_degree"] > 0]) == first
        assert set(rows.index[rows["in_degree"] > 0]) == names - first


def test_hashtags_of_all_scripts_are_those_that_posts_store(spark: SparkSession, tmp_path: Path) -> None:
    written = ["#İstanbul", "#ISTANBUL", "#ıstanbul", "#選挙", "#انتخابات", "#اِنتِخابات"]
    said = [post(str(n), hashtags=fold_tags([tag]), urls=["https://news.example/"]) for n, tag in enumerate(written)]
    found = edges_of(spark, said, tmp_path)
    assert found["hashtag_host"] == {
        (tag, "news.example"): number for tag, number in (("#istanbul", 3), ("#選挙", 1), ("#انتخابات", 2))
    }


def test_a_post_gives_at_most_a_million_edges_and_never_holds_them_together(spark: SparkSession) -> None:
    assert MOST_ITEMS == 1_000
    said = spark.sql(
        "SELECT 'x' AS source, '1' AS author_id, 'h' AS author, CAST(NULL AS string) AS retweet_of_author, "
        "array('h') AS mentions, 'original' AS kind, timestamp('2016-05-01') AS event_at, "
        "transform(sequence(1, 1000), n -> concat('t', n)) AS hashtags, "
        "transform(sequence(1, 1000), n -> concat('https://s', n, '.example/')) AS urls"
    )
    found = two_mode_pairs(said, ["hashtag_host"])
    assert found is not None
    assert found.agg(F.count("*"), F.count_distinct("src"), F.count_distinct("dst")).collect() == [(10**6, 1000, 1000)]


def test_an_author_with_many_posts_and_a_post_with_many_items(spark: SparkSession, tmp_path: Path) -> None:
    tags, sites = [f"t{n}" for n in range(50)], [f"https://s{n}.example/" for n in range(50)]
    one = frame_of(spark, [post("2", hashtags=tags, urls=sites)], tmp_path / "posts.parquet")
    many = one.crossJoin(spark.range(100_000)).withColumn("post_id", F.col("id").cast("string"))
    flood = many.withColumn("author_id", F.lit("1")).withColumn("hashtags", F.array(F.lit("a"), F.lit("b")))
    posts = one.unionByName(flood.withColumn("urls", F.array(F.lit("https://s0.example/x"))).drop("id"))
    rows = computed(posts, ASKING, NOON, NOON + timedelta(minutes=1))[GRAPH_EDGES.name]
    found = {(e.graph, e.src, e.dst): e.weight for e in rows.itertuples()}
    assert found["author_host", "x:1", "s0.example"] == found["author_hashtag", "x:1", "#a"] == 100_000
    assert found["hashtag_host", "#b", "s0.example"] == 100_000
    assert sum(graph == "hashtag_host" for graph, *_ in found) == 50 * 50 + 2


@pytest.mark.parametrize("name", CAPTURES)
def test_real_posts_give_what_is_computed_apart(captures: Path, spark: SparkSession, tmp_path: Path, name: str) -> None:
    posts = parsed((captures / name).read_bytes().splitlines())
    times = [post.event_at for post in posts]
    start = min(times).replace(hour=0, minute=0, second=0, microsecond=0)
    end = max(times).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    carried = [(item_of_post(post), set(post.hashtags)) for post in posts]
    expected = two_mode_networks(carried, start, end, "Asia/Manila")
    frame = frame_of(spark, posts, tmp_path / "posts.parquet")
    found = computed(frame, ASKING, start, end)
    of_two = {key for key in by_graph(found[GRAPH_SUMMARY.name]) if key[0] in KINDS}
    assert of_two == set(expected)
    check(found, expected)
