"""All daily jobs on executors that lack the driver's files, against a ring of three with a node stopped half-way.

They publish the same tables as a local run, and so they do if an executor is killed. The tables are compared but for
the communities of graphs, which depend on the order in which Spark brings the edges, in a local run, too.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bench.jobs.same import DRAWN, OF_A_RUN, Rows, first_difference
from conf import ROOT
from conf.schema import Table
from conf.tables import JOB_RUNS, TABLES
from conf.topic import load_topic
from corpus import generate
from deploy.package.code import NAME
from jobs.daily import JOBS
from stores.connect import cassandra_session
from tests.conftest import SHIPPED_TOPICS
from tests.support.cluster import ThreeNodes, cluster_ground
from tests.support.commands import spark_submit
from tests.support.ground import Ground, lines_of
from tests.support.spark_cluster import PATIENCE, SparkCluster

POSTS, SEED, CELLS = 20_000, 2016, 3
BEGINS = datetime(2016, 5, 7, 16, tzinfo=UTC)
FIRST = BEGINS - timedelta(days=8)
"""No job looks farther back than seven days before its window."""
WINDOW = ("--from", "2016-05-07T16:00Z", "--to", "2016-05-08T16:00Z")
TOPIC = "elect"
KINDS = "graph:\n  kinds: [author_host, author_hashtag, hashtag_host]\n"
DAILY = ROOT / "jobs" / "daily.py"
LOST = "an executor has ended, and with it rows that only it had; it begins again"


@dataclass
class Stage:
    """The cluster of Spark, the ring of Cassandra, and what local runs have published there."""

    spark: SparkCluster
    ring: ThreeNodes
    ground: Ground
    local: dict[str, Rows] = field(default_factory=dict)

    def run_local(self, *jobs: str) -> None:
        """Runs jobs on this machine alone, unless that was done, and keeps what they have published."""
        tables = [table for table in TABLES if table.job in jobs]
        if all(table.name in self.local for table in tables):
            return
        own = {**self.ground.environment, "SPARK_CONF_DIR": str(ROOT / "conf")}
        words = ("--topic", TOPIC, *WINDOW, "--jobs", ",".join(jobs))
        done = spark_submit("daily", *words, timeout=1200, **own)
        assert done.returncode == 0, done.stdout[-3000:]
        self.local |= _tables(self.ground, tables)
        empty = [table.name for table in tables if not self.local[table.name]]
        assert not empty, "nothing is compared"

    def start(self, conf: Path, *jobs: str) -> "subprocess.Popen[bytes]":
        """Starts jobs on the cluster."""
        arguments = ("--topic", TOPIC, *WINDOW, "--jobs", ",".join(jobs))
        return self.spark.submit(conf, DAILY, *arguments, **self.ground.environment)

    def wait_until_running(self, process: Any, job: str, after: float) -> None:
        """Waits until a job has begun, and then some seconds."""
        with cassandra_session(self.ground.settings) as session:
            query = f"SELECT status FROM {self.ground.settings.keyspace}.{JOB_RUNS.name} WHERE job = %s AND topic = %s"
            while not any(row.status == "running" for row in session.execute(query, (job, TOPIC))):
                assert process.poll() is None, self.spark.ended(process)[1][-3000:]
                time.sleep(0.1)
        time.sleep(after)

    def check_same(self, *jobs: str) -> None:
        """Fails unless the jobs' tables are those of the local run."""
        found = _tables(self.ground, [table for table in TABLES if table.job in jobs])
        differing = {name: first_difference(self.local[name], rows) for name, rows in found.items()}
        assert {name: told for name, told in differing.items() if told} == {}


def _capture(file: Path) -> Path:
    """Writes a corpus since FIRST, with CELLS of accounts that act together, into a file; returns the file.

    They act on the day of the window. By itself, the corpus would spread what they do over three months. With few, not
    many others would share enough on that day to be compared with them.
    """
    topic = load_topic("ph2016", SHIPPED_TOPICS)
    without, those = ([*b"".join(generate(topic, POSTS, SEED, cells=cells)).splitlines()] for cells in (0, CELLS))
    late = [line for line in without if datetime.fromisoformat(orjson.loads(line)["data"]["created_at"]) >= FIRST]
    return lines_of([*late, *(_on_the_day(line) for line in set(those) - set(without))], file)


def _on_the_day(line: bytes) -> bytes:
    """Returns a post at the same time of the window's day."""
    post = orjson.loads(line)
    since = datetime.fromisoformat(post["data"]["created_at"]) - BEGINS
    post["data"]["created_at"] = f"{BEGINS + since % timedelta(days=1):%Y-%m-%dT%H:%M:%S}.000Z"
    return orjson.dumps(post)


def _tables(ground: Ground, tables: list[Table]) -> dict[str, Rows]:
    with cassandra_session(ground.settings) as session:
        return {table.name: _rows(session, ground.settings.keyspace, table) for table in tables}


def _rows(session: Any, keyspace: str, table: Table) -> Rows:
    """Returns a table's rows by key, the run's own columns aside. Rows of two runs fail: one must have replaced all."""
    found = list(session.execute(f"SELECT * FROM {keyspace}.{table.name}", timeout=60))
    assert len({row.run_id for row in found if hasattr(row, "run_id")}) <= 1, table.name
    key = [name for name in table.key if name != "run_id"]
    columns = [name for name in table.columns if name not in {"run_id", "computed_at"} | DRAWN]
    assert {"run_id", "computed_at"} <= OF_A_RUN
    return {tuple(getattr(row, name) for name in key): {name: getattr(row, name) for name in columns} for row in found}


@pytest.fixture(scope="module")
def stage(cluster: SparkCluster) -> Iterator[Stage]:
    with cluster_ground(cluster.driver / "engines") as (ground, ring):
        shipped = (SHIPPED_TOPICS / "ph2016.yaml").read_text().replace("topic: ph2016", f"topic: {TOPIC}")
        (ground.settings.topics_dir / f"{TOPIC}.yaml").write_text(shipped + KINDS)
        ground.replay(_capture(cluster.driver / "posts.jsonl"), TOPIC)
        ground.drain()
        yield Stage(cluster, ring, ground)


def test_executors_see_nothing_of_the_driver(stage: Stage) -> None:
    conf, hidden = stage.spark.settings("probe"), [str(folder) for folder in stage.spark.hidden()]
    probe = Path(__file__).with_name("probe.py")
    code, told = stage.spark.run(conf, probe, *hidden, **stage.ground.environment)
    assert code == 0, told[-3000:]
    [line] = [line for line in told.splitlines() if line.startswith("SEEN ")]
    for seen in json.loads(line.removeprefix("SEEN ")):
        assert (seen["there"], seen["settings"]) == ([], [])
        assert seen["python"] == stage.spark.python != sys.executable
        assert seen["code"] == f"./{NAME}/conf/__init__.py"
        assert "/libs/numpy/" in seen["numpy"]


def test_all_daily_jobs_with_a_node_stopped_half_way_publish_what_a_local_run_does(stage: Stage) -> None:
    every = [job.name for job in JOBS]
    stage.run_local(*every)
    process = stage.start(stage.spark.settings("daily"), *every)
    half_way = JOBS[len(JOBS) // 2].name
    stage.wait_until_running(process, half_way, after=0)
    stage.ring.kill(2)
    code, told = stage.spark.ended(process)
    assert code == 0, told[-3000:]
    for job in every:
        assert f"{job} {TOPIC} [" in told
    stage.check_same(*every)
    stage.ring.up()


@pytest.mark.parametrize(("job", "after"), [("network_graph", 1.0), ("network_graph", 4.0)])
def test_an_executor_killed_in_the_middle_changes_nothing(stage: Stage, job: str, after: float) -> None:
    stage.run_local(job)
    process = stage.start(stage.spark.settings(f"killed-{after:g}"), job)
    stage.wait_until_running(process, job, after)
    before = stage.spark.executors()
    os.kill(before[0].pid, signal.SIGKILL)
    code, told = stage.spark.ended(process)
    assert code == 0, told[-3000:]
    print(f"began again: {told.count(LOST)}")
    stage.check_same(job)


MISTAKES = {
    "no-code": ({"spark_submit_pyFiles": ""}, "the executors do not have the project's code"),
    "no-libraries": ({"spark_archives": ""}, "the executors can't load "),
    "no-python": ({"spark_pyspark_python": "/usr/bin/python9"}, "a worker has no Python named /usr/bin/python9"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_the_workers_lack_is_told_in_one_line_with_the_fix(stage: Stage, mistake: str) -> None:
    """The job is one whose rows executors write: few posts are counted by the driver, which lacks nothing."""
    changed, says = MISTAKES[mistake]
    code, told = stage.spark.ended(stage.start(stage.spark.settings(mistake, **changed), "network_graph"))
    assert code == 1
    line, last = [line for line in told.splitlines() if line.startswith("error: ")]
    assert says in line
    assert line.count(". ") >= 1
    assert "1 of 1 jobs failed: network_graph" in last


def test_a_master_that_does_not_answer_is_one_line(stage: Stage) -> None:
    began = time.monotonic()
    conf = stage.spark.settings("nobody", spark_master="spark://127.0.0.1:1")
    code, told = stage.spark.ended(stage.start(conf, "candidate_poll"))
    assert code == 1
    [line] = [line for line in told.splitlines() if line.startswith("error: ")]
    assert "spark://127.0.0.1:1" in line
    assert time.monotonic() - began < 2 * PATIENCE
