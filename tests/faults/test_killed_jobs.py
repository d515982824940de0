"""Jobs that are killed (kill -9) while they publish: every read sees one whole run, and the next run cleans up.

Each round adds posts, starts a job with spark-submit, and kills it at a seeded moment after it has begun to publish.
From then on a reader reads the result again and again; for author_activity, so does the input of candidate_poll.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession

from conf import ROOT
from conf.schema import Table
from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, GRAPH_EDGES, GRAPH_NODES, GRAPH_TOP_NODES
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from jobs import candidate_poll
from jobs.framework.inputs import Place
from jobs.framework.published import Published
from jobs.framework.runner import run_job
from jobs.framework.unswept import Unswept, UnsweptList
from jobs.framework.window import Window, parse_window
from readers.graphs.stored import stored_graph
from readers.partitions import published_rows, whole
from stores.connect import RedisClient
from stores.published import Period, Pointers
from tests.conftest import make_topic
from tests.support.loading import load, posted_between
from tests.support.posts import stream_line, tweet, user

SEED = 2016
POSTS = 20_000
START, END = "2016-05-06T16:00Z", "2016-05-08T16:00Z"
NEW_POSTS = 40
"""The number of posts that each round adds, each by another new author."""
FIRST_OF = {"author_activity": "9", "network_graph": "8"}
"""How the ids of the posts begin that are added for a job."""
BULK = {"author_activity": [AUTHOR_ACTIVITY], "network_graph": [GRAPH_EDGES, GRAPH_NODES, GRAPH_TOP_NODES]}
Facts = tuple[int, ...]
"""Figures that tell one version of the data from another."""


@dataclass
class Stage:
    """A topic that gets more posts, and a job that spark-submit runs over them."""

    job: str
    topic: Topic
    session: Session
    settings: Settings
    queue: PostsQueue
    folder: Path
    rounds: int = 0
    shown: Any = None
    """The run that readers saw at the last start."""

    @property
    def window(self) -> Window:
        return parse_window(START, END, self.topic.zone)

    def add_posts(self) -> None:
        self.rounds += 1
        at = datetime(2016, 5, 7, 3, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        lines = []
        for number in range(NEW_POSTS):
            one = f"{FIRST_OF[self.job]}{self.rounds:03}{number:04}"
            mention = {"mentions": [{"start": 0, "end": 12, "username": "rodyduterte"}]}
            post = tweet(one, text=f"@rodyduterte {one}", author_id=one, created_at=at, entities=mention)
            lines.append(stream_line(post, [user(one, f"new{one}")]))
        assert load(lines, self.topic.topic, self.queue, self.session, self.settings) == NEW_POSTS

    def start(self) -> "subprocess.Popen[bytes]":
        submit = str(Path(sys.executable).parent / "spark-submit")
        command = [submit, str(ROOT / f"jobs/{self.job}.py"), "--topic", self.topic.topic, "--from", START, "--to", END]
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        environment["SPARK_SUBMIT_OPTS"] = "-XX:TieredStopAtLevel=1"
        self.shown = self.pointed()
        log = (self.folder / f"{self.job}.log").open("ab")
        with log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, env=environment, start_new_session=True
            )

    def published_for(self) -> float:
        """Runs the job undisturbed; returns the seconds from the start of its publication to its end."""
        process = self.start()
        self.wait_for_publication(process)
        began = time.monotonic()
        assert process.wait(timeout=300) == 0, (self.folder / f"{self.job}.log").read_text()[-3000:]
        return time.monotonic() - began

    def wait_for_publication(self, process: "subprocess.Popen[bytes]") -> None:
        """Waits until the job is about to write its first row."""
        # A run that was killed is listed, too. Its process id may be another's by now, so the start is compared.
        while not any(entry.process and not entry.is_dead for entry in self.listed(BULK[self.job][0])):
            assert process.poll() is None, (self.folder / f"{self.job}.log").read_text()[-3000:]
            time.sleep(0.01)

    def wait_for_moment(
        self, process: "subprocess.Popen[bytes]", draws: random.Random, length: float, *, at_pointers: bool
    ) -> str:
        """Waits for a seeded moment of a publication that has begun, and returns which it was.

        It lies anywhere in the publication, or, with `at_pointers`, in the half second after the first pointer is set:
        there the tables of a job are published one after the other.
        """
        if at_pointers:
            while self.pointed() == self.shown and process.poll() is None:
                time.sleep(0.001)
        delay = draws.random() * (0.5 if at_pointers else length)
        with suppress(subprocess.TimeoutExpired):  # it may end before its moment comes
            process.wait(timeout=delay)
        return f"{delay:.2f} s after {'the first pointer was set' if at_pointers else 'publication began'}"

    def pointed(self) -> Any:
        """Returns the run that readers see in the first table that is published."""
        pointers = Pointers(self.session, self.settings.keyspace, BULK[self.job][0], self.topic.topic)
        part = "mention" if self.job == "network_graph" else ""
        return pointers.run_of(Period(part, "window", self.window.start, self.window.end))

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)

    def stored_runs(self, table: Table) -> set[Any]:
        rows = self.session.execute(f"SELECT topic, run_id FROM {self.settings.keyspace}.{table.name}")
        return {row.run_id for row in rows if row.topic == self.topic.topic}

    def listed(self, table: Table) -> list[Unswept]:
        return UnsweptList(self.session, self.settings.keyspace, table.name, self.topic).read()


@dataclass
class Watch:
    """Reads again and again in a thread, at least once; `seen` has the version that each read saw."""

    read: Callable[[], Facts]
    pause: float = 0.1
    seen: list[Facts] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        ended = threading.Event()

        def loop() -> None:
            while True:
                try:
                    self.seen.append(self.read())
                except BaseException as error:
                    self.failures.append(error)
                if ended.wait(self.pause):
                    return

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@pytest.fixture(scope="module")
def crowded(settings: Settings, session: Session, client: RedisClient) -> tuple[Topic, PostsQueue]:
    """A topic with those of POSTS posts that lie in the window, and the queue through which they came."""
    topic, queue = make_topic(settings), PostsQueue(client, "test:killed")
    window = parse_window(START, END, topic.zone)
    load(posted_between(topic, POSTS, 23, window.start, window.end), topic.topic, queue, session, settings)
    return topic, queue


@pytest.fixture
def stage(
    request: pytest.FixtureRequest,
    crowded: tuple[Topic, PostsQueue],
    settings: Settings,
    session: Session,
    tmp_path: Path,
) -> Stage:
    topic, queue = crowded
    return Stage(request.param, topic, session, settings, queue, tmp_path)


def killed_in_rounds(stage: Stage, kills: int, watches: list[Watch], facts: Callable[[], Facts]) -> None:
    """Kills the job at seeded moments, once per round.

    Each read must see the version that was published before, or the round's own.
    """
    draws = random.Random(f"{SEED} {stage.job}")
    length = stage.published_for()
    first = published = facts()
    for number in range(kills):
        stage.add_posts()
        with ExitStack() as reading:
            process = stage.start()
            try:
                stage.wait_for_publication(process)  # until then nothing changes, and readers would slow it down
                for watch in watches:
                    reading.enter_context(watch.running())
                moment = stage.wait_for_moment(process, draws, length, at_pointers=number % 2 == 1)
            finally:
                stage.kill(process)
        now = facts()
        allowed = {published, tuple(number + NEW_POSTS * stage.rounds for number in first)}
        print(f"{stage.job}: killed {moment}; {published} -> {now}")
        for watch in watches:
            assert watch.seen
            assert not watch.failures, repr(watch.failures[0])
            assert {now, *watch.seen} <= allowed
            watch.seen.clear()
        published = now
    stage.published_for()
    assert facts() == tuple(number + NEW_POSTS * stage.rounds for number in first)


def nothing_is_left(stage: Stage) -> None:
    """Checks the tables after a run that was not killed.

    Each bulk table must hold only that run's rows, and nothing may wait to be swept.
    """
    query = f"SELECT run_id, status FROM {stage.settings.keyspace}.job_runs WHERE job = %s AND topic = %s"
    runs = list(stage.session.execute(query, (stage.job, stage.topic.topic)))
    assert runs[0].status == "succeeded"
    assert {run.status for run in runs} <= {"succeeded", "failed"}, [(run.run_id, run.status) for run in runs]
    for table in BULK[stage.job]:
        assert stage.stored_runs(table) == {runs[0].run_id}
        assert stage.listed(table) == []


@pytest.mark.parametrize("stage", ["author_activity"], indirect=True)
def test_a_killed_author_activity_leaves_one_whole_run(stage: Stage, spark: SparkSession, kills: int) -> None:
    topic, window = stage.topic, stage.window
    period = Period("", "window", window.start, window.end)
    wanted = Published(AUTHOR_ACTIVITY, ["author", "period", "posts"])
    at = Place(spark, stage.session, stage.settings, topic, window)

    def by_reader() -> Facts:
        rows = published_rows(stage.session, stage.settings.keyspace, AUTHOR_ACTIVITY, topic, period)
        assert len({row.run_id for row in rows}) == 1
        return len(rows), sum(row.posts for row in rows)

    def by_poll() -> Facts:
        read = wanted.read(at)
        assert read is not None
        assert read.stored is not None
        rows = read.frame.collect()
        read.stored.unpersist()
        return len(rows), sum(row.posts for row in rows)

    watches = [Watch(by_reader), Watch(by_poll)]
    killed_in_rounds(stage, kills, watches, by_reader)
    nothing_is_left(stage)
    result = run_job(candidate_poll.JOB, spark, stage.session, stage.settings, topic, window)
    query = f"SELECT inputs FROM {stage.settings.keyspace}.job_runs WHERE job = 'candidate_poll' AND topic = %s LIMIT 1"
    inputs = stage.session.execute(query, (topic.topic,)).one().inputs
    assert dict(inputs) == {AUTHOR_ACTIVITY.name: next(iter(stage.stored_runs(AUTHOR_ACTIVITY)))}
    assert not result.superseded


@pytest.mark.parametrize("stage", ["network_graph"], indirect=True)
def test_a_killed_network_graph_leaves_one_whole_run(stage: Stage, kills: int) -> None:
    def by_reader() -> Facts:
        def read() -> Facts:
            graph = stored_graph(stage.session, stage.settings.keyspace, stage.topic, "mention")
            nodes, edges = list(graph.nodes("node")), list(graph.edges("src", "weight"))
            tops = list(graph.rows(GRAPH_TOP_NODES, ["measure", "rank"]))
            row = graph.summary
            assert (len(nodes), len(edges)) == (row.nodes, row.edges)
            assert sum(edge.weight for edge in edges) == row.weight
            assert len(tops) == 5 * min(100, row.nodes)
            return row.nodes, row.edges, row.weight

        return whole(read)

    killed_in_rounds(stage, kills, [Watch(by_reader)], by_reader)
    nothing_is_left(stage)
