"""Stored graphs as files, tables and pictures, read again by igraph, NetworkX and the formats' schemas."""

import json
import random
import re
import shutil
import subprocess
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any

import igraph
import matplotlib.image
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import GRAPH_SUMMARY
from conf.topic import Topic
from readers.cli import main
from readers.graphs.names import token, xml
from readers.graphs.pruning import Arrays, Pruning, disparity, pruned
from readers.graphs.stored import StoredGraph, stored_graph
from readers.partitions import Replaced
from readers.plain import one_line
from tests.support.engine_set import HOME
from tests.support.schemas import schema
from tests.support.stored_graph import store

HOSTILE = {
    ("a&b", "<c>"): 1,
    ("<c>", '"q"🗳️'): 2,
    ('"q"🗳️', "nul\x01\x1b"): 3,
    ("nul\x01\x1b", r"nul\u0001"): 1,
    (r"nul\u0001", "tab\tline\n"): 2,
    ("tab\tline\n", "ünïcode#@"): 1,
    ("  ", "\ufffe"): 1,
}


def some_graph(seed: int = 7, nodes: int = 60, edges: int = 240) -> dict[tuple[str, str], int]:
    draw = random.Random(seed)
    ends = [sorted(draw.sample(range(nodes), 2), key=lambda _: draw.random()) for _ in range(edges)]
    return {(f"u{a}", f"u{b}"): draw.randint(1, 9) for a, b in ends}


@pytest.fixture
def made(session: Session, settings: Settings, topic: Topic) -> Any:
    return store(some_graph(), session, settings, topic)


def export(topic: Topic, out: Path, *arguments: str, graph: str = "retweet") -> Path:
    assert main(["export", "--topic", topic.topic, "--graph", graph, "--out", str(out), *arguments]) == 0
    return out


def edges_of(graph: Any) -> dict[Any, int]:
    """Weights by edge. The edge of an undirected graph has no direction here."""
    kind = tuple if graph.is_directed() else frozenset
    return {kind(edge): int(weight) for *edge, weight in graph.edges(data="weight")}


def of_kind(graph: str) -> dict[tuple[str, str], int]:
    """A graph. If it is undirected, each pair is in it once."""
    return {(min(e), max(e)) if graph == "hashtag" else e: w for e, w in some_graph().items()}


@pytest.mark.parametrize("graph", ["retweet", "hashtag"])
def test_a_gexf_file_is_the_graph(
    session: Session, settings: Settings, topic: Topic, tmp_path: Path, graph: str
) -> None:
    made = store(of_kind(graph), session, settings, topic, graph)
    file = export(topic, tmp_path / "g.gexf", graph=graph)
    schema("gexf", HOME).validate(str(file))
    read = nx.read_gexf(file)
    assert read.is_directed() == made.is_directed()
    assert set(read) == set(made)
    assert edges_of(read) == edges_of(made)
    ranks = nx.pagerank(made)
    for node, values in read.nodes(data=True):
        assert values["pagerank"] == pytest.approx(ranks[node])
        assert values["label"] == node
        assert (values["start"], values["end"]) == ("2016-05-01T00:00:00.000Z", "2016-05-03T00:00:00.000Z")
        assert values["in_weight"] == (made.degree if graph == "hashtag" else made.in_degree)(weight="weight")[node]


@pytest.mark.parametrize("graph", ["retweet", "hashtag"])
def test_a_graphml_file_is_the_graph(
    session: Session, settings: Settings, topic: Topic, tmp_path: Path, graph: str
) -> None:
    made = store(of_kind(graph), session, settings, topic, graph)
    file = export(topic, tmp_path / "g.graphml", "--format", "graphml", graph=graph)
    schema("graphml", HOME).validate(str(file))
    for read in (nx.read_graphml(file), igraph.Graph.Read_GraphML(str(file)).to_networkx(vertex_attr_hashable="id")):
        assert read.is_directed() == made.is_directed()
        assert set(read) == set(made)
        assert edges_of(read) == edges_of(made)
        assert {node: values["label"] for node, values in read.nodes(data=True)} == {node: node for node in made}
        assert {values["first_at"] for *_, values in read.edges(data=True)} == {"2016-05-01T00:00:00.000Z"}


def test_names_that_xml_takes_badly_come_back(
    session: Session, settings: Settings, topic: Topic, tmp_path: Path
) -> None:
    store(HOSTILE, session, settings, topic)
    gexf = export(topic, tmp_path / "g.gexf")
    schema("gexf", HOME).validate(str(gexf))
    graphml = export(topic, tmp_path / "g.graphml", "--format", "graphml")
    schema("graphml", HOME).validate(str(graphml))
    shown = {r"nul\u0001\u001b", r"nul\\u0001", "a&b", "<c>", '"q"🗳️', "tab\tline\n", "ünïcode#@", "  ", r"\ufffe"}
    assert set(nx.read_gexf(gexf)) == shown - {"tab\tline\n"} | {"tab\tline\n"}
    labels = {values["label"] for _, values in nx.read_graphml(graphml).nodes(data=True)}
    assert labels == shown
    read = igraph.Graph.Read_GraphML(str(graphml))
    assert (read.vcount(), read.ecount(), set(read.vs["label"])) == (9, 7, shown)
    assert sorted(nx.read_gexf(gexf).edges(data="weight")) == sorted(
        (xml_name(a), xml_name(b), w) for (a, b), w in HOSTILE.items()
    )


def xml_name(name: str) -> str:
    import html  # noqa: PLC0415

    return html.unescape(xml(name))


def test_people_read_labels_and_machines_get_both(
    session: Session, settings: Settings, topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = {"x:1": "ana", "x:@gone": "gone", "bluesky:did:plc:b": "ben.example", "x:2": "ana", "x:3": None}
    edges = {("x:1", "x:@gone"): 3, ("bluesky:did:plc:b", "x:1"): 2, ("x:2", "x:1"): 2, ("x:3", "x:1"): 1}
    store(edges, session, settings, topic, labels=labels)
    shown = {node: label or node for node, label in labels.items()}
    gexf = nx.read_gexf(export(topic, tmp_path / "g.gexf"))
    assert {node: values["label"] for node, values in gexf.nodes(data=True)} == shown
    graphml = nx.read_graphml(export(topic, tmp_path / "g.graphml", "--format", "graphml"))
    assert {values["node"]: values["label"] for _, values in graphml.nodes(data=True)} == shown
    nodes = pd.read_csv(export(topic, tmp_path / "n.csv", "--format", "csv", "--nodes"), keep_default_na=False)
    assert dict(zip(nodes["node"], nodes["label"], strict=True)) == {**labels, "x:3": ""}
    page = tmp_path / "g.html"
    assert main(["graph", "--topic", topic.topic, "--html", str(page), "--ego", "@Gone"]) == 0
    (data,) = re.findall(r"^  const \{nodes.*?\} = (\{.*\});", page.read_text(), re.MULTILINE)
    assert {node["name"] for node in json.loads(data)["nodes"]} == {"gone", "ana"}
    capsys.readouterr()
    assert main(["graph", "--topic", topic.topic]) == 0
    table = capsys.readouterr().out
    assert "ben.example" in table
    assert "did:plc" not in table
    assert main(["graph", "--topic", topic.topic, "--png", str(tmp_path / "g.png"), "--ego", "ana"]) == 1
    assert "2 nodes of the graph have the label 'ana'. Give one of the nodes: x:" in capsys.readouterr().err
    assert main(["graph", "--topic", topic.topic, "--png", str(tmp_path / "g.png"), "--ego", "x:2"]) == 0


def test_no_two_names_become_one() -> None:
    draw = random.Random(3)
    names = {"".join(draw.choices(":.aF0\x00\\u1&<é", k=draw.randint(0, 7))) for _ in range(20_000)}
    assert len({xml(name) for name in names}) == len({token(name) for name in names}) == len(names)


def test_csv_and_parquet_hold_the_edges_and_the_nodes(made: Any, topic: Topic, tmp_path: Path) -> None:
    csv = pd.read_csv(export(topic, tmp_path / "e.csv", "--format", "csv"))
    assert {(r.src, r.dst): r.weight for r in csv.itertuples()} == edges_of(made)
    parquet = pd.read_parquet(export(topic, tmp_path / "n.parquet", "--format", "parquet", "--nodes"))
    assert set(parquet["node"]) == set(made)
    assert parquet["pagerank"].sum() == pytest.approx(1)
    assert str(parquet["first_at"].dtype).endswith("UTC]")
    lines = export(topic, tmp_path / "e.ndjson", "--format", "ndjson").read_text().splitlines()
    assert {(row["src"], row["dst"]): row["weight"] for row in map(json.loads, lines)} == edges_of(made)


def test_an_export_to_a_pipe_is_the_file(made: Any, topic: Topic, tmp_path: Path, capfdbinary: Any) -> None:
    whole = export(topic, tmp_path / "g.gexf").read_bytes()
    capfdbinary.readouterr()
    assert main(["export", "--topic", topic.topic, "--graph", "retweet"]) == 0
    assert capfdbinary.readouterr().out == whole
    assert len(nx.read_gexf(BytesIO(whole))) == len(made)


def as_arrays(graph: Any) -> Arrays:
    names = list(graph)
    place = {name: number for number, name in enumerate(names)}
    ranks = nx.pagerank(graph)
    src, dst, weight = np.array([(place[a], place[b], w) for a, b, w in graph.edges(data="weight")]).T
    return Arrays(names, names, np.array([ranks[n] for n in names]), src, dst, weight, graph.is_directed())


def left(graph: Any, pruning: Pruning) -> Any:
    arrays = as_arrays(graph)
    kept = pruned(arrays, pruning)
    made = type(graph)()
    made.add_nodes_from(np.array(arrays.names)[kept.nodes].tolist())
    made.add_edges_from(
        (arrays.names[a], arrays.names[b]) for a, b in zip(arrays.src[kept.edges], arrays.dst[kept.edges], strict=True)
    )
    return made


def pairs(graph: Any) -> set[Any]:
    return {tuple(edge) if graph.is_directed() else frozenset(edge) for edge in graph.edges}


@pytest.fixture(params=[nx.DiGraph, nx.Graph])
def drawn(request: pytest.FixtureRequest) -> Any:
    made = request.param()
    made.add_weighted_edges_from((a, b, w) for (a, b), w in some_graph().items())
    return made


def test_min_weight_keeps_heavy_edges_and_their_ends(drawn: Any) -> None:
    found = left(drawn, Pruning(min_weight=7))
    expected = drawn.edge_subgraph((a, b) for a, b, w in drawn.edges(data="weight") if w >= 7)
    assert (set(found), pairs(found)) == (set(expected), pairs(expected))


def test_the_core_is_networkxs(drawn: Any) -> None:
    found = left(drawn, Pruning(k_core=6))
    expected = nx.k_core(nx.Graph(drawn), 6)
    assert len(expected) > 3
    assert set(found) == set(expected)
    assert pairs(found) == pairs(drawn.subgraph(expected))


def test_an_ego_is_networkxs(drawn: Any) -> None:
    found = left(drawn, Pruning(ego="u3", steps=2))
    expected = nx.ego_graph(drawn, "u3", 2, undirected=True)
    assert (set(found), pairs(found)) == (set(expected), pairs(expected))
    assert len(left(drawn, Pruning(ego="u3"))) < len(found)


def test_the_top_are_those_with_the_highest_pagerank(drawn: Any) -> None:
    ranks = nx.pagerank(drawn)
    best = sorted(ranks, key=lambda node: (-ranks[node], node))[:10]
    found = left(drawn, Pruning(top=10))
    assert set(found) == set(best)
    assert pairs(found) == pairs(drawn.subgraph(best))


def test_the_backbone_is_the_integral_of_the_paper(drawn: Any) -> None:
    """Serrano et al. 2009, equation 2: 1 - (k - 1) times the integral of (1 - x)^(k - 2) from 0 to the edge's share."""
    arrays = as_arrays(drawn)
    found = disparity(arrays, np.ones(len(arrays.src), bool))
    x = np.linspace(0, 1, 200_001)
    for number, (a, b, weight) in enumerate(drawn.edges(data="weight")):
        least = 1.0
        for node, ways in ((a, "out_edges"), (b, "in_edges")):
            edges = (
                getattr(drawn, ways)(node, data="weight") if drawn.is_directed() else drawn.edges(node, data="weight")
            )
            weights = [w for *_, w in edges]
            if len(weights) > 1:
                inside = x[x <= weight / sum(weights)]
                share = (len(weights) - 1) * np.trapezoid((1 - inside) ** (len(weights) - 2), inside)
                least = min(least, 1 - share)
        assert found[number] == pytest.approx(least, abs=1e-4)
    kept = left(drawn, Pruning(backbone=0.2))
    assert 0 < kept.number_of_edges() < drawn.number_of_edges()
    assert all(degree for _, degree in kept.degree())


def test_a_pruned_export_holds_what_is_left(made: Any, topic: Topic, tmp_path: Path) -> None:
    read = nx.read_gexf(export(topic, tmp_path / "g.gexf", "--top", "20", "--min-weight", "3"))
    assert len(read) == 20
    assert min(weight for *_, weight in read.edges(data="weight")) >= 3
    one = export(topic, tmp_path / "one.gexf", "--top", "1")
    schema("gexf", HOME).validate(str(one))
    assert (len(nx.read_gexf(one)), nx.read_gexf(one).number_of_edges()) == (1, 0)


def test_an_empty_graph_is_a_valid_file(session: Session, settings: Settings, topic: Topic, tmp_path: Path) -> None:
    store({}, session, settings, topic)
    for format_ in ("gexf", "graphml"):
        file = export(topic, tmp_path / f"g.{format_}", "--format", format_)
        schema(format_, HOME).validate(str(file))
    assert (
        len(nx.read_gexf(tmp_path / "g.gexf")) == igraph.Graph.Read_GraphML(str(tmp_path / "g.graphml")).vcount() == 0
    )
    assert list(pd.read_csv(export(topic, tmp_path / "e.csv", "--format", "csv"))) == [
        "src",
        "dst",
        "weight",
        "first_at",
        "last_at",
    ]


def summary_says(session: Session, settings: Settings, topic: Topic, run_id: Any) -> None:
    """Makes the graph's summary name another run, as the publication of a later run does."""
    table = f"{settings.keyspace}.{GRAPH_SUMMARY.name}"
    where = " AND ".join(f"{name} = %s" for name in GRAPH_SUMMARY.key)
    key = ("topic", "graph", "period", "period_start", "period_end")
    row = session.execute(
        f"SELECT {', '.join(key)} FROM {table} WHERE topic = %s AND graph = 'retweet' AND period = 'window'",
        (topic.topic,),
    ).one()
    session.execute(f"UPDATE {table} SET run_id = %s WHERE {where}", (run_id, *row))


def test_a_graph_that_is_replaced_while_it_is_read_is_never_given_out(
    made: Any, session: Session, settings: Settings, topic: Topic
) -> None:
    graph = stored_graph(session, settings.keyspace, topic, "retweet")
    rows = graph.edges("src")
    next(rows)
    summary_says(session, settings, topic, uuid.uuid1())
    with pytest.raises(Replaced, match=r"the retweet graph of .* was replaced by a later run while it was being read"):
        list(rows)
    summary_says(session, settings, topic, graph.summary.run_id)
    assert list(graph.edges("src"))


def test_an_export_begins_anew_when_the_graph_is_replaced_and_leaves_no_part_of_a_file(
    made: Any, session: Session, settings: Settings, topic: Topic, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    graph = stored_graph(session, settings.keyspace, topic, "retweet")
    checks = iter([Replaced("it"), Replaced("it")])
    original = StoredGraph._check_still_named

    def check(self: StoredGraph) -> None:
        for error in checks:
            raise error
        original(self)

    monkeypatch.setattr(StoredGraph, "_check_still_named", check)
    out = tmp_path / "g.gexf"
    assert main(["export", "--topic", topic.topic, "--graph", "retweet", "--out", str(out)]) == 0
    assert len(nx.read_gexf(out)) == graph.summary.nodes
    out.unlink()
    monkeypatch.setattr(StoredGraph, "_check_still_named", lambda _: check_always())
    assert main(["export", "--topic", topic.topic, "--graph", "retweet", "--out", str(out)]) == 1
    assert "replaced by a later run while it was being read. Run the command again" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def check_always() -> None:
    raise Replaced("the graph")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["export", "--graph", "reply"], 1, "no reply graph of"),
        (["export", "--graph", "retweet", "--ego", "@Nobody"], 1, "'nobody' is no node of the graph"),
        (["export", "--graph", "retweed"], 2, "'retweed' is not one of"),
        (["export", "--graph", "retweet", "--nodes"], 2, "--nodes is for csv"),
        (["graph", "--top", "5"], 2, "options that choose a part need --png or --html"),
        (["graph", "--png", "a.png", "--html", "b.html"], 2, "can't be used together"),
        (["graph", "--png", "a.png", "--min-weight", "999"], 1, "Prune less"),
        (["graph", "--period", "day"], 1, "no retweet graph of"),
    ],
)
def test_what_is_wrong_is_one_line(
    made: Any, topic: Topic, capsys: Any, arguments: list[str], code: int, told: str
) -> None:
    assert main([*arguments, "--topic", topic.topic]) == code
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_a_person_sees_figures_and_first_nodes(made: Any, topic: Topic, capsys: Any) -> None:
    assert main(["graph", "--topic", topic.topic]) == 0
    shown = capsys.readouterr().out
    ranks = nx.pagerank(made)
    first = max(ranks, key=lambda node: ranks[node])
    assert "Who retweets whom" in shown
    assert f"{len(made)} nodes; {made.number_of_edges()} edges of" in shown
    assert first in shown
    assert main(["graph", "--topic", topic.topic, "--format", "csv"]) == 0
    frame = pd.read_csv(BytesIO(capsys.readouterr().out.encode()))
    assert set(frame["measure"]) == {"pagerank", "in_weight", "out_weight", "in_degree", "out_degree"}
    assert frame[frame["measure"] == "pagerank"].iloc[0]["node"] == first


def test_pictures_are_drawn(session: Session, settings: Settings, topic: Topic, tmp_path: Path) -> None:
    made = store({**some_graph(), **HOSTILE, ("$x^2$", "</script><b>"): 3}, session, settings, topic)
    png, page = tmp_path / "g.png", tmp_path / "g.html"
    assert main(["graph", "--topic", topic.topic, "--png", str(png)]) == 0
    picture = matplotlib.image.imread(png)
    assert picture.shape[:2] == (1200, 1680)
    assert (picture[..., :3].std(axis=(0, 1)) > 0.02).all()
    assert main(["graph", "--topic", topic.topic, "--html", str(page)]) == 0
    text = page.read_text()
    assert "</script><b>" not in text
    assert "&lt;/script&gt;&lt;b&gt;" in text or "&amp;lt;" in text or "\\u003c" in text
    assert "http" not in text
    (data,) = re.findall(r"^  const \{nodes.*?\} = (\{.*\});", text, re.MULTILINE)
    drawn = json.loads(data)
    assert {node["name"] for node in drawn["nodes"]} == {one_line(node) for node in made}
    assert len(drawn["edges"]) == 2 * made.number_of_edges()
    first, second = tmp_path / "1.png", tmp_path / "2.png"
    for file in (first, second):
        assert main(["graph", "--topic", topic.topic, "--png", str(file), "--top", "30"]) == 0
    assert first.read_bytes() == second.read_bytes()


def test_the_page_draws_itself_in_a_browser(made: Any, topic: Topic, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        pytest.skip("no Chromium on the PATH to open the page in")
    page = tmp_path / "g.html"
    assert main(["graph", "--topic", topic.topic, "--html", str(page)]) == 0
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    shown = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert re.search(r'<canvas id="graph"[^>]* data-paint="[0-9.]+"', shown)
    assert shown.count("<option") == len(made)
