"""The jobs give the same tables over a replayed pack, and a pack has these tables as they are published."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf.settings import Settings
from conf.tables import JOB_RUNS
from corpus import generate
from ingest.queue.posts_queue import PostsQueue
from jobs.daily import JOBS
from jobs.framework.command import run_set
from readers.packs.summaries import SUMMARIES
from stores.connect import RedisClient
from tests.conftest import make_topic
from tests.support.loading import load
from tests.support.packed import Rows, empty_keyspace, packed, replayed, rows

WINDOW = ("--from", "2016-05-07T16:00Z", "--to", "2016-05-08T16:00Z")
RACES = """races:
  - id: r
    candidates: [{id: a, name: A, aliases: [duterte, du30]}, {id: b, name: B, aliases: [roxas, mar]}]
    outcome: {a: 0.6, b: 0.4}
"""
OF_RUNS = ("run_id", "computed_at")


def jobs_run(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run_set("daily", JOBS, ["--topic", topic, *WINDOW])
    told = capsys.readouterr()
    assert code == 0, told.err


def read(folder: Path, table: str) -> Rows:
    file = folder / "summaries" / f"{table}.parquet"
    return pq.read_table(file).to_pylist() if file.exists() else []


def plain(found: Rows) -> list[str]:
    """Returns rows in one order, with times and runs as texts, whoever read them."""
    return sorted(repr({name: _plain(row[name]) for name in sorted(row)}) for row in found)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def test_a_pack_has_the_summaries_and_jobs_over_it_give_the_same(
    settings: Settings,
    session: Session,
    client: RedisClient,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    topic = make_topic(settings, RACES)
    queue = PostsQueue(client, "test:packed-summaries")
    queue.ensure_group()
    lines = (line for chunk in generate(topic, 4_000, 9) for line in chunk.splitlines())
    load(lines, topic.topic, queue, session, settings)
    jobs_run(topic.topic, capsys)
    packed(capsys, "--topic", topic.topic, "--out", tmp_path / "pack")
    published = {table.name: rows(session, settings.keyspace, table.name, topic.topic) for table in SUMMARIES}
    assert {name for name, found in published.items() if found} >= {"candidate_poll", "graph_edges", "top_items"}
    for name, found in published.items():
        assert plain(read(tmp_path / "pack", name)) == plain(found), name
    assert len(read(tmp_path / "pack", JOB_RUNS.name)) == len(JOBS)
    with empty_keyspace(session, settings) as other:
        others = PostsQueue(client, other.stream)
        others.ensure_group()
        replayed(tmp_path / "pack", topic.topic, session, other, others)
        monkeypatch.setenv("PULSO_KEYSPACE", other.keyspace)
        jobs_run(topic.topic, capsys)
        monkeypatch.undo()
        for table in SUMMARIES:
            again = rows(session, other.keyspace, table.name, topic.topic, OF_RUNS)
            before = rows(session, settings.keyspace, table.name, topic.topic, OF_RUNS)
            assert again == before, table.name
