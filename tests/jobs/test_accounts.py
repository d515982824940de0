"""One identity throughout: an account that changed its handle, over the whole path, in every table and picture."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import networkx as nx
import orjson
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, GRAPH_EDGES, GRAPH_NODES, GRAPH_TOP_NODES
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from jobs import author_activity, candidate_poll, cascades, network_graph
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from readers.cli import main
from readers.partitions import published_rows
from stores.connect import RedisClient
from stores.published import Period
from tests.conftest import make_topic
from tests.support.bluesky import REPOST, event, tid
from tests.support.loading import load
from tests.support.posts import stream_line, tweet, user

START, END = "2016-04-30T16:00Z", "2016-05-01T16:00Z"
DAY = (datetime(2016, 4, 30, 16, tzinfo=UTC), datetime(2016, 5, 1, 16, tzinfo=UTC))
NOON = datetime(2016, 5, 1, 12, tzinfo=UTC)
RACES = "races: [{id: r, candidates: [{id: a, name: A, aliases: [ana]}, {id: b, name: B, handles: [cand_one]}]}]\n"
DID = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
SUBJECT = {"subject": {"uri": f"at://{DID}/app.bsky.feed.post/{tid(NOON)}", "cid": "c"}}


def retweet(number: int, handle: str, of: str, text: str = "ana") -> bytes:
    """Returns a retweet by account 501 under a handle, of which only the text names the retweeted account."""
    post = tweet(
        str(730_000_000_000_000_000 + number),
        f"RT @{of}: {text}",
        author_id="501",
        referenced_tweets=[{"type": "retweeted", "id": str(number % 10)}],
    )
    return stream_line(post, [user("501", handle)])


def toot(number: int, account: dict[str, Any], **changes: Any) -> bytes:
    payload = {
        "id": str((1462104000000 << 16) + number),
        "created_at": "2016-05-01T12:00:00.000Z",
        "account": {"bot": False, "url": "https://social.example/@x", **account},
        "content": "<p>ana</p>",
        **changes,
    }
    return orjson.dumps({"event": "update", "server": "social.example", "payload": payload})


LINES = [
    retweet(11, "Old_Name", "Cand_One"),
    retweet(12, "New_Name", "Cand_One"),
    retweet(13, "New_Name", "Old_Name", "mine"),
    stream_line(
        tweet("730000000000000020", "@old_name @heir hi", author_id="7", entities={"mentions": [
            {"username": "old_name"}, {"username": "heir", "id": "88"}]}),
        [user("7", "ben")],
    ),
    stream_line(
        tweet("730000000000000021", "@old_name @New_Name hi", author_id="7", entities={"mentions": [
            {"username": "old_name"}, {"username": "New_Name"}]}),
        [user("7", "ben")],
    ),
    toot(1, {"id": "14", "acct": "zed@far.example"}, mentions=[{"id": "16", "acct": "local"}]),
    toot(2, {"id": "16", "acct": "local"}, mentions=[{"id": "14", "acct": "zed@far.example"}]),
    event({"text": "ana"}, NOON, DID),
    event(SUBJECT, NOON, "did:plc:b", collection=REPOST),
]  # fmt: skip
IDENTITY = orjson.dumps(
    {"did": DID, "time_us": 1462104000000000, "kind": "identity", "identity": {"did": DID, "handle": "cy.example"}}
)


@dataclass
class Run:
    """A topic whose jobs have run, and where its tables are."""

    topic: Topic
    session: Session
    settings: Settings

    def rows(self, table: Any, part: str = "") -> list[Any]:
        """The rows of a bulk table for the window."""
        return published_rows(self.session, self.settings.keyspace, table, self.topic, Period(part, "window", *DAY))

    def small(self, table: str, **where: str) -> list[Any]:
        """The rows of a small table for the window."""
        named = " AND ".join(f"{name} = %s" for name in ("topic", *where, "period"))
        query = f"SELECT * FROM {self.settings.keyspace}.{table} WHERE {named}"
        return list(self.session.execute(query, (self.topic.topic, *where.values(), "window")))


@pytest.fixture(scope="module")
def run(settings: Settings, session: Session, client: RedisClient, spark: SparkSession) -> Run:
    topic = make_topic(settings, RACES)
    queue = PostsQueue(client, f"test:{topic.topic}")
    load([*LINES, IDENTITY], topic.topic, queue, session, settings)
    window = parse_window(START, END, topic.zone)
    for job in (author_activity.JOB, candidate_poll.JOB, cascades.JOB, network_graph.JOB):
        run_job(job, spark, session, settings, topic, window)
    return Run(topic, session, settings)


def test_an_account_that_changed_its_handle_is_one_node_and_a_retweet_of_its_older_name_a_self_edge(run: Run) -> None:
    edges = {(row.src, row.dst): row.weight for row in run.rows(GRAPH_EDGES, "retweet")}
    assert edges == {("x:501", "x:@cand_one"): 2, ("bluesky:did:plc:b", f"bluesky:{DID}"): 1}
    labels = {row.node: row.label for row in run.rows(GRAPH_NODES, "retweet")}
    assert labels["x:501"] == "new_name"
    assert labels["x:@cand_one"] == "cand_one"
    [summary] = run.small("graph_summary", graph="retweet")
    assert (summary.nodes, summary.edges, summary.weight, summary.self_edges) == (4, 2, 3, 1)


def test_a_name_stands_for_the_account_that_the_window_knows(run: Run) -> None:
    edges = {(row.src, row.dst): row.weight for row in run.rows(GRAPH_EDGES, "mention")}
    assert edges == {
        **{("x:7", "x:501"): 2, ("x:7", "x:88"): 1},  # each post once, also the one that has both of its handles
        **{("mastodon:14", "mastodon:16"): 1, ("mastodon:16", "mastodon:14"): 1},
    }
    labels = {row.node: row.label for row in run.rows(GRAPH_NODES, "mention")}
    assert labels == {
        **{"x:7": "ben", "x:501": "new_name", "x:88": "heir"},
        **{"mastodon:14": "zed@far.example", "mastodon:16": "local@social.example"},
    }


def test_people_read_the_handle_of_a_bluesky_account(run: Run) -> None:
    tops = [row for row in run.rows(GRAPH_TOP_NODES, "retweet") if row.measure == "in_weight"]
    labels = {row.node: row.label for row in tops}
    assert labels[f"bluesky:{DID}"] == "cy.example"
    assert labels["bluesky:did:plc:b"] == "did:plc:b"


def test_the_poll_counts_one_author_under_two_handles(run: Run) -> None:
    rows = {row.candidate: row for row in run.small("candidate_poll", race="r")}
    assert (rows["b"].posts, rows["b"].authors) == (2, 1)
    assert rows["b"].authors_total == 4
    activity = {row.author: (row.label, row.posts, row.mentions_received) for row in run.rows(AUTHOR_ACTIVITY)}
    assert activity["x:501"] == ("new_name", 3, 2)
    assert activity["mastodon:14"] == ("zed@far.example", 1, 1)
    assert activity[f"bluesky:{DID}"] == ("cy.example", 1, 0)


def test_cascades_name_the_author_of_a_post_that_is_not_stored(run: Run) -> None:
    rows = {row.post_id: (row.author, row.label) for row in run.small("cascades")}
    assert rows["1"] == rows["2"] == ("x:@cand_one", "cand_one")
    assert rows["3"] == ("x:501", "new_name")
    assert rows[f"{DID}/{tid(NOON)}"] == (f"bluesky:{DID}", "cy.example")


def test_an_export_has_the_node_and_the_label(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "g.gexf"
    assert main(["export", "--topic", run.topic.topic, "--graph", "retweet", "--out", str(file)]) == 0
    labels = {node: values["label"] for node, values in nx.read_gexf(file).nodes(data=True)}
    assert labels[f"bluesky:{DID}"] == "cy.example"
    capsys.readouterr()
    assert main(["graph", "--topic", run.topic.topic]) == 0
    table = capsys.readouterr().out
    assert "new_name" in table
    assert "x:501" not in table


def test_flags_of_an_earlier_release_are_not_used(run: Run, spark: SparkSession, queue: PostsQueue) -> None:
    topic = make_topic(run.settings, RACES)
    load(LINES, topic.topic, queue, run.session, run.settings)
    window = parse_window(START, END, topic.zone)
    done = run_job(author_activity.JOB, spark, run.session, run.settings, topic, window)
    poll = Run(topic, run.session, run.settings)
    run_job(candidate_poll.JOB, spark, run.session, run.settings, topic, window)
    assert all(row.share_authors_no_bots is not None for row in poll.small("candidate_poll", race="r"))
    table = f"{run.settings.keyspace}.{AUTHOR_ACTIVITY.name}"
    for row in poll.rows(AUTHOR_ACTIVITY):
        key = [getattr(row, name) for name in AUTHOR_ACTIVITY.key]
        where = " AND ".join(f"{name} = %s" for name in AUTHOR_ACTIVITY.key)
        run.session.execute(f"DELETE label FROM {table} USING TIMESTAMP {2**62} WHERE {where}", key)
    run_job(candidate_poll.JOB, spark, run.session, run.settings, topic, window)
    assert all(row.share_authors_no_bots is None for row in poll.small("candidate_poll", race="r"))
    assert done.rows_written
