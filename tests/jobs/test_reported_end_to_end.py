"""The reported inputs from their files through the queue and Cassandra to polls, graphs and search, by hand counts."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.schema import Table
from conf.settings import Settings
from conf.tables import GRAPH_EDGES, GRAPH_NODES
from conf.topic import Topic
from ingest.formats import Unit, split
from ingest.queue.posts_queue import PostsQueue
from ingest.replay.captures import Capture
from jobs import candidate_poll, network_graph
from jobs.framework.runner import run_job
from jobs.framework.window import parse_window
from readers.partitions import published_rows
from readers.search.search import search_posts
from stores.connect import RedisClient
from stores.published import Period
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.reported import case

RACES = """races:
  - id: r
    candidates:
      - {id: rivera, name: R, aliases: [rivera], hashtags: [rivera2025]}
      - {id: takaichi, name: T, aliases: [高市早苗]}
      - {id: lee, name: L, aliases: [이재명]}
      - {id: han, name: H, aliases: [한동훈]}
      - {id: kilic, name: K, aliases: [Kılıçdaroğlu]}
      - {id: kidawa, name: K, aliases: [Kidawa-Błońska]}
      - {id: pape, name: S, aliases: [Søren Pape]}
      - {id: orourke, name: O, aliases: ["O'Rourke"]}
      - {id: aoc, name: A, aliases: [Ocasio-Cortez]}
      - {id: morsi, name: M, aliases: [محمد مرسي]}
"""
COUNTED: dict[str, dict[str, int]] = {
    "01": {"rivera": 3},
    "02": {"takaichi": 3, "lee": 1},
    "03": {"lee": 3, "han": 1},
    "04": {"kilic": 3, "kidawa": 2, "pape": 2},
    "05": {"orourke": 2, "aoc": 2, "morsi": 3, "rivera": 5},  # not the Cyrillic one
    "06": {"rivera": 5},
    "07": {"rivera": 2},
    "08": {"rivera": 5},
    "09": {"rivera": 3},  # a hashtag without a facet is none
    "11": {"rivera": 12},
    "13": {"rivera": 4},
    "15c": {"rivera": 1},
    "14": {},  # from here to 20b, these are the same four posts
    **{name: {} for name in ("15", "15b", "16", "17", "18", "18b", "18c", "19", "19b", "19c", "19e", "20b")},
    "20": {"rivera": 1},
    "21": {"rivera": 1},  # with a zero in its text; its others are those of 13
    "23": {"rivera": 1},
    "25": {"rivera": 16},  # not the withheld one
    "27": {"rivera": 10},
    "28": {"rivera": 16},  # one is without text, and one is deleted
    "29": {"rivera": 2},
    "30": {"rivera": 15},
    "43": {},  # found by place alone
    "45": {"rivera": 1},
    "46": {"rivera": 2},
    "48": {"rivera": 3},
    "49": {},  # of 2026
    "50": {"rivera": 3},  # two of its five are in others
    "51": {"rivera": 1},
    "52": {},  # of 2014
    "56": {},
    "57": {"rivera": 5},
}
"""How many further posts of 1 March 2025 each case has, by candidate, for a reader."""
START, END = "2025-03-01", "2025-03-02"


@dataclass
class Run:
    """A topic with the posts of some cases, whose job has run over their day."""

    topic: Topic
    session: Session
    settings: Settings

    def edges(self, graph: str) -> dict[tuple[str, str], int]:
        """The weights of a graph's edges."""
        return {(row.src, row.dst): row.weight for row in self._rows(GRAPH_EDGES, graph)}

    def labels(self, graph: str) -> dict[str, str]:
        """The labels of a graph's nodes."""
        return {row.node: row.label for row in self._rows(GRAPH_NODES, graph)}

    def _rows(self, table: Table, graph: str) -> list[Any]:
        window = parse_window(START, END, self.topic.zone)
        period = Period(graph, "window", window.start, window.end)
        return published_rows(self.session, self.settings.keyspace, table, self.topic, period)


def lines_of(*names: str) -> Iterator[bytes]:
    """Yields what can be read in some cases."""
    for name in names:
        for _, document in Capture(str(case(name))).documents():
            yield from (unit.payload for unit in split(document) if isinstance(unit, Unit))


@pytest.fixture(scope="module")
def counts(settings: Settings, session: Session, client: RedisClient, spark: SparkSession) -> Run:
    topic = make_topic(settings, RACES)
    queue = PostsQueue(client, f"test:{topic.topic}")
    load(lines_of(*COUNTED), topic.topic, queue, session, settings)
    run_job(candidate_poll.JOB, spark, session, settings, topic, parse_window(START, END, topic.zone))
    return Run(topic, session, settings)


class TestCounts:
    def test_names_are_counted_as_a_reader_counts_them(self, counts: Run) -> None:
        rows = counts.session.execute(
            f"SELECT candidate, posts FROM {counts.settings.keyspace}.candidate_poll "
            "WHERE topic = %s AND race = 'r' AND period = 'window'",
            (counts.topic.topic,),
        )
        expected = sum((Counter(each) for each in COUNTED.values()), Counter[str]())
        assert {row.candidate: row.posts for row in rows} == expected

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("高市早苗", 3),
            ("이재명", 4),
            ("Kilicdaroglu", 3),
            ("KIDAWA-BLONSKA", 2),
            ('"søren pape"', 2),
            ("O’Rourke", 2),
            ('"محمد مرسي"', 3),
            ("พิธา", 1),
            ("#rivera2025", 7),
            ("ريفيرا_2025", 1),
            ("abc_123", 0),
        ],
    )
    def test_search_finds_what_is_counted(self, counts: Run, query: str, count: int) -> None:
        pages = search_posts(counts.session, counts.settings.keyspace, counts.topic, query)
        assert sum(len(page) for page in pages) == count


@pytest.fixture(scope="module")
def graphs(settings: Settings, session: Session, client: RedisClient, spark: SparkSession) -> Run:
    topic = make_topic(settings)
    queue = PostsQueue(client, f"test:{topic.topic}")
    load(lines_of("01", "45", "29", "46", "28"), topic.topic, queue, session, settings)
    run_job(network_graph.JOB, spark, session, settings, topic, parse_window(START, END, topic.zone))
    return Run(topic, session, settings)


class TestGraphs:
    def test_who_is_retweeted_is_found_and_one_account_is_one_node(self, graphs: Run) -> None:
        old_one, old_handle = "x:909", "x:888"
        assert graphs.edges("retweet") == {
            ("x:501", old_one): 1,  # 01
            ("x:501", old_handle): 3,  # 45, and twice 29
            ("x:501", "x:@cand_one"): 2,  # 46
        }
        labels = graphs.labels("retweet")  # 45 is later than 46
        assert labels == {"x:501": "ana_ok", old_one: "old_one", old_handle: "old_handle", "x:@cand_one": "cand_one"}

    def test_who_is_answered_or_quoted_is_found(self, graphs: Run) -> None:
        assert graphs.edges("reply") == {("x:501", "x:777"): 2, ("x:501", "x:888"): 2}  # 01 and 45; 29
        assert graphs.edges("quote") == {("x:501", "x:888"): 1}  # 29
        assert graphs.labels("reply")["x:777"] == "bo", "the later of its two handles"

    def test_an_account_of_another_domain_is_one_account(self, graphs: Run) -> None:
        assert graphs.edges("mention") == {("x:501", "x:777"): 2, ("x:501", "x:888"): 2}
