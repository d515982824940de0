"""The job coordination from the made-up corpus to its tables, and `python -m readers coordination`."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import igraph
import networkx as nx
import orjson
import pytest
import yaml
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.topic import Topic
from corpus import generate, planted_cells
from ingest.queue.posts_queue import PostsQueue
from jobs import candidate_poll, coordination
from jobs.framework.command import run
from jobs.framework.grouped import Grouped
from jobs.framework.inputs import Place
from jobs.framework.window import parse_window
from readers.cli import main as readers
from readers.coordination.stored import read_result
from readers.coordination.words import SENTENCE
from stores.connect import RedisClient
from stores.published import place_of
from tests.conftest import SHIPPED_TOPICS, make_topic
from tests.support import independent_poll
from tests.support.commands import Done, run_here
from tests.support.independent_poll import Seen
from tests.support.loading import load

WINDOW = ("--from", "2016-02-08T16:00Z", "--to", "2016-05-08T16:00Z")
POSTS, SEED, CELLS = 1500, 5, 2


@pytest.fixture(scope="module")
def lines(settings: Settings) -> list[bytes]:
    """The posts, with two planted cells. Their members name a candidate."""
    topic = make_topic(settings)
    members = {account for cell in planted_cells(topic, POSTS, SEED, CELLS) for account in cell.accounts}
    posts = [orjson.loads(line) for chunk in generate(topic, POSTS, SEED, cells=CELLS) for line in chunk.splitlines()]
    for data in (post["data"] for post in posts):
        data["text"] += " Duterte" if f"x:{data['author_id']}" in members else ""
    return [orjson.dumps(post) for post in posts]


@pytest.fixture(scope="module")
def topic(lines: list[bytes], settings: Settings, session: Session, client: RedisClient, spark: SparkSession) -> Topic:
    """A topic whose coordination was published."""
    topic = make_topic(settings)
    load(lines, topic.topic, PostsQueue(client, "t:coordination"), session, settings)
    assert run(coordination.JOB, ["--topic", topic.topic, *WINDOW]) == 0
    return topic


def read(topic: Topic, *arguments: str, code: int = 0) -> Done:
    done = run_here(readers, "coordination", "--topic", topic.topic, *arguments)
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


def test_the_poll_without_groups_is_that_of_all_others(
    topic: Topic, lines: list[bytes], session: Session, settings: Settings, spark: SparkSession
) -> None:
    assert run(candidate_poll.JOB, ["--topic", topic.topic, *WINDOW]) == 0
    everyone = [Seen(line) for line in lines]
    members = {row.author for row in read_result(session, settings.keyspace, topic, "link").accounts}
    others = [post for post in everyone if post.author not in members]
    start, end = map(datetime.fromisoformat, WINDOW[1::2])
    race = yaml.safe_load((SHIPPED_TOPICS / "ph2016.yaml").read_text())["races"][0]
    expected, whole = (independent_poll.poll(some, race, start, end, "Asia/Manila") for some in (others, everyone))
    rows = {}
    for period in ("hour", "day", "window"):
        query = f"SELECT * FROM {settings.keyspace}.candidate_poll WHERE topic = %s AND race = %s AND period = %s"
        for row in session.execute(query, (topic.topic, race["id"], period)):
            span = (at.replace(tzinfo=UTC) for at in (row.period_start, row.period_end))
            rows[(period, *span, row.candidate)] = row
    assert rows.keys() == whole.keys()
    for key, row in rows.items():
        share = expected[key]["share_authors"] if key in expected else None
        assert row.share_authors_no_groups == (None if share is None else pytest.approx(share, rel=0, abs=1e-9)), key
        assert row.share_authors == pytest.approx(whole[key]["share_authors"], rel=0, abs=1e-9)
    window = ("window", start, end, "duterte")
    assert whole[window]["share_authors"] > expected[window]["share_authors"] + 0.005
    shown = run_here(readers, "poll", "--topic", topic.topic).stdout
    assert "without groups" in shown
    assert f"{expected[window]['share_authors']:.1%}" in shown


def test_groups_of_a_run_that_has_not_ended_are_not_used(
    topic: Topic, session: Session, settings: Settings, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Place(spark, session, settings, topic, parse_window(WINDOW[1], WINDOW[3], topic.zone))
    monkeypatch.setattr(Grouped, "summaries", replace(Grouped.summaries, wait=lambda _: None))
    held = Grouped().read(at)
    assert held
    assert held.stored
    assert held.run_id
    assert held.frame.count() > 5
    held.stored.unpersist()
    update = f"UPDATE {settings.keyspace}.job_runs SET status = %s WHERE job = %s AND topic = %s AND started_at = %s"
    run_of = ("coordination", topic.topic, place_of(held.run_id))
    session.execute(update, ("running", *run_of))
    assert Grouped().read(at) is None
    session.execute(update, ("succeeded", *run_of))
    later = parse_window(WINDOW[1], "2016-05-09T16:00Z", topic.zone)
    assert Grouped().read(replace(at, window=later)) is None  # no run covers it
    earlier = replace(at, window=parse_window(WINDOW[1], "2016-04-30T16:00Z", topic.zone))
    assert Grouped().read(earlier)
    assert Grouped(ends_with_window=True).read(earlier) is None  # for a backtest: it knows what came later
    assert Grouped(ends_with_window=True).read(at)


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
