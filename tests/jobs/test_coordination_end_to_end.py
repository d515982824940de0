"""The job coordination from the made-up corpus to its tables, and `python -m readers coordination`."""

import csv
import io
import re
from pathlib import Path

import igraph
import networkx as nx
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.topic import Topic
from corpus import generate, planted_cells
from ingest.queue.posts_queue import PostsQueue
from jobs import coordination
from jobs.framework.command import run
from readers.coordination.stored import read_result
from readers.coordination.words import SENTENCE
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.commands import Done, run_command
from tests.support.loading import load

WINDOW = ("--from", "2016-02-08T16:00Z", "--to", "2016-05-08T16:00Z")
POSTS, SEED, CELLS = 1500, 5, 2


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session, client: RedisClient, spark: SparkSession) -> Topic:
    """A topic whose coordination was published, with two planted cells."""
    topic = make_topic(settings)
    lines = [line for chunk in generate(topic, POSTS, SEED, cells=CELLS) for line in chunk.splitlines()]
    load(lines, topic.topic, PostsQueue(client, "t:coordination"), session, settings)
    assert run(coordination.JOB, ["--topic", topic.topic, *WINDOW]) == 0
    return topic


def read(topic: Topic, *arguments: str, code: int = 0) -> Done:
    done = run_command("readers", "coordination", "--topic", topic.topic, *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_planted_cells_are_published(topic: Topic, session: Session, settings: Settings) -> None:
    truth = planted_cells(topic, POSTS, SEED, CELLS)
    found = read_result(session, settings.keyspace, topic, "link")
    planted = {account for cell in truth for account in cell.accounts}
    members = {row.author for row in found.accounts}
    assert len(members & planted) >= 0.9 * len(planted)
    assert len(members & planted) >= 0.95 * len(members)
    assert [row.accounts for row in found.groups] == sorted((row.accounts for row in found.groups), reverse=True)
    for cell in truth:
        (group,) = {row.group for row in found.accounts if row.author in cell.accounts}
        shared = {row.object for row in found.objects if row.group == group}
        assert shared <= set(cell.links) | {link for one in truth for link in one.links}
        assert len(shared & set(cell.links)) >= 0.9 * cell.cell.objects
    for kind in ("retweet", "text", "hashtags", "reply"):
        assert read_result(session, settings.keyspace, topic, kind).groups == []


def test_a_person_sees_groups_and_what_they_do_not_say(topic: Topic) -> None:
    shown = read(topic, "--kind", "link").stdout
    assert "Accounts that share the same links" in shown
    assert "2 groups" in shown
    assert SENTENCE in " ".join(shown.split())
    nothing = " ".join(read(topic, "--kind", "reply").stdout.split())
    assert "No group acts together more than chance" in nothing


def test_private_persons_are_not_named(topic: Topic) -> None:
    shown = read(topic, "--group", "1", "--min-followers", "1000000000").stdout
    assert "an account" in shown
    assert not re.search(r"mambabasa\d", shown)
    assert re.search(r"mambabasa\d", read(topic, "--group", "1", "--min-followers", "0").stdout)
    rows = list(csv.DictReader(io.StringIO(read(topic, "--format", "csv").stdout)))
    assert all(re.fullmatch(r"account \d\.\d+|x:8\d+", row["src"]) for row in rows)
    assert any(row["src"].startswith("account 1.") for row in rows)


@pytest.mark.parametrize("format_", ["gexf", "graphml"])
def test_other_programs_read_the_graph(topic: Topic, format_: str, tmp_path: Path) -> None:
    file = tmp_path / f"graph.{format_}"
    told = read(topic, "--format", format_, "--out", str(file)).stderr
    assert SENTENCE in " ".join(told.split())
    assert SENTENCE in file.read_text()
    graph = nx.read_gexf(file) if format_ == "gexf" else nx.read_graphml(file)
    assert graph.number_of_nodes() > 5
    assert nx.number_connected_components(graph) == CELLS
    if format_ == "graphml":
        assert igraph.Graph.Read_GraphML(str(file)).vcount() == graph.number_of_nodes()


def test_nodes_are_written_as_rows_and_one_group_alone(topic: Topic) -> None:
    rows = list(csv.DictReader(io.StringIO(read(topic, "--format", "csv", "--nodes", "--group", "2").stdout)))
    assert {row["group"] for row in rows} == {"2"}
    assert len({row["node"] for row in rows}) == len(rows) >= 3


def test_pictures_carry_the_sentence(topic: Topic, tmp_path: Path) -> None:
    read(topic, "--png", str(tmp_path / "g.png"))
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    read(topic, "--html", str(tmp_path / "g.html"))
    page = (tmp_path / "g.html").read_text()
    assert SENTENCE in page
    assert "group 1" in page
    assert "PageRank" not in page.partition("<script")[0]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--group", "99"], 2, "--group 99: no such group"),
        (["--group", "0"], 2, "Invalid value for '--group'"),
        (["--kind", "links"], 2, "Invalid value for '--kind'"),
        (["--nodes"], 2, "--nodes is for csv, ndjson and parquet"),
        (["--png", "a.png", "--html", "a.html"], 2, "can't be used together"),
        (["--kind", "reply", "--png", "a.png"], 1, "there is no group to draw"),
        (["--from", "2030-01-01"], 1, "has been published. Run SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/coord"),
    ],
)
def test_what_goes_wrong_is_one_line(topic: Topic, arguments: list[str], code: int, error: str) -> None:
    done = read(topic, *arguments, code=code)
    assert error in done.stderr
    assert done.stderr.count("\n") == 1
