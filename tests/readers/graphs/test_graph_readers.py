"""Stored graphs as files, tables and pictures, read again by igraph, NetworkX and the formats' schemas."""

import itertools
import json
import random
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import igraph
import matplotlib.image
import networkx as nx
import pandas as pd
import pytest
from cassandra.cluster import Session

from conf.plain import one_line
from conf.settings import Settings
from conf.topic import Topic
from readers.cli import main
from readers.graphs.names import token, xml
from tests.support.engine_set import HOME
from tests.support.schemas import schema
from tests.support.stored_graph import export, some_graph, store

HOSTILE = {
    ("a&b", "<c>"): 1,
    ("<c>", '"q"🗳️'): 2,
    ('"q"🗳️', "nul\x01\x1b"): 3,
    ("nul\x01\x1b", r"nul\u0001"): 1,
    (r"nul\u0001", "tab\tline\n"): 2,
    ("tab\tline\n", "ünïcode#@"): 1,
    ("  ", "\ufffe"): 1,
}


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


def test_a_pruned_export_holds_what_is_left(made: Any, topic: Topic, tmp_path: Path) -> None:
    read = nx.read_gexf(export(topic, tmp_path / "g.gexf", "--top", "20", "--min-weight", "3"))
    assert len(read) == 20
    assert min(weight for *_, weight in read.edges(data="weight")) >= 3
    one = export(topic, tmp_path / "one.gexf", "--top", "1")
    schema("gexf", HOME).validate(str(one))
    assert (len(nx.read_gexf(one)), nx.read_gexf(one).number_of_edges()) == (1, 0)


@pytest.mark.usefixtures("session")
def test_without_a_graph_an_export_fails_unless_it_may_be_nothing(
    topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "g.csv"
    asked = ["export", "--topic", topic.topic, "--graph", "all", "--out", str(file)]
    assert main(asked) == 1
    assert f"error: no graph of {topic.topic} by window has been published" in capsys.readouterr().err
    assert main([*asked, "--if-any"]) == 0
    assert f"nothing written: no graph of {topic.topic} by window has been published" in capsys.readouterr().err
    assert not file.exists()


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


RECORDS_NAMES = """<script>{
  const fill = CanvasRenderingContext2D.prototype.fillText, boxes = [];
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    boxes.push([x, y, this.measureText(text).width]);
    document.documentElement.dataset.boxes = JSON.stringify(boxes);
    fill.call(this, text, x, y);
  };
}</script>"""
"""Goes before the page's own script: keeps where each name was written, and how wide it is, in px."""


def test_the_page_draws_itself_in_a_browser_and_no_name_covers_another(
    session: Session, settings: Settings, topic: Topic, tmp_path: Path
) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        pytest.skip("no Chromium on the PATH to open the page in")
    wide = {(f"{'W' * 14}{n}", f"選挙速報の公式アカウント{n % 7}"): 2 for n in range(60)}
    made = store({**some_graph(), **HOSTILE, **wide}, session, settings, topic)
    page = tmp_path / "g.html"
    assert main(["graph", "--topic", topic.topic, "--html", str(page)]) == 0
    page.write_text(page.read_text().replace("<script>", f"{RECORDS_NAMES}<script>", 1))
    shown = _opened(browser, page, tmp_path / "profile")
    assert re.search(r'<canvas id="graph"[^>]* data-paint="[0-9.]+"', shown)
    assert shown.count("<option") == len(made)
    (told,) = re.findall(r'data-boxes="(.*?)"', shown)
    boxes = json.loads(told)
    assert len(boxes) > 5
    for (x, y, width), (x2, y2, width2) in itertools.combinations(boxes, 2):
        assert abs(x - x2) >= (width + width2) / 2 or abs(y - y2) >= 12, "one name covers another"


def _opened(browser: str, page: Path, profile: Path) -> str:
    """Returns what a browser has made of a page."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    return subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", *quiet),
            *(f"--user-data-dir={profile}", "--virtual-time-budget=3000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
