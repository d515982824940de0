"""The jobs give the same tables over a replayed pack, and a pack has these tables as they are published."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import JOB_RUNS
from ingest.queue.posts_queue import PostsQueue
from jobs.daily import JOBS
from jobs.framework.command import run_set
from readers.packs.summaries import SUMMARIES
from stores.connect import RedisClient
from tests.support.counted_day import DAY, CountedDay
from tests.support.packed import Rows, empty_keyspace, packed, replayed, rows
from tests.support.results import results_of, same


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
    counted_day: CountedDay,
    settings: Settings,
    session: Session,
    client: RedisClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    topic, keyspace = counted_day.topic.topic, settings.keyspace
    packed(capsys, "--topic", topic, "--out", tmp_path / "pack")
    published = {table.name: rows(session, keyspace, table.name, topic) for table in SUMMARIES}
    assert {name for name, found in published.items() if found} >= {"candidate_poll", "graph_edges", "top_items"}
    for name, found in published.items():
        assert plain(read(tmp_path / "pack", name)) == plain(found), name
    runs = rows(session, keyspace, JOB_RUNS.name, topic)
    assert len(read(tmp_path / "pack", JOB_RUNS.name)) == len(runs) >= len(JOBS)
    with empty_keyspace(session, settings, of_jobs=True) as other:
        others = PostsQueue(client, other.stream)
        others.ensure_group()
        replayed(tmp_path / "pack", topic, session, other, others)
        monkeypatch.setenv("PULSO_KEYSPACE", other.keyspace)
        code = run_set("daily", JOBS, ["--topic", topic, *DAY])
        monkeypatch.undo()
        assert code == 0, capsys.readouterr().err
        same(results_of(session, keyspace, topic), results_of(session, other.keyspace, topic))
