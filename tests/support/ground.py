"""Engines of a test's own that may be killed, workers and replays as real processes, and the account of each fault.

The account of a fault has the posts that were accepted, found and found twice, and the seconds until all was well.
"""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cassandra.cluster import Session
from rich.console import Console

from conf.settings import Settings, load_settings
from conf.topic import load_topic
from corpus import generate
from deploy.cassandra_server import CassandraServer
from deploy.engines import Engines
from deploy.lifecycle import start
from deploy.node import JMX_OFFSET, STORAGE_OFFSET, make_node
from ingest.queue.posts_queue import PostsQueue
from stores.connect import cassandra_session, redis_client
from tests.conftest import SHIPPED_TOPICS
from tests.support import accounts
from tests.support.commands import Done, end, run_command, start_command
from tests.support.engine_set import HOME
from tests.support.logged_process import LoggedProcess
from tests.support.ports import LOCAL, free_port
from tests.support.quick import QUICK, instead

PATIENCE = 120.0
HEAP = "1G"
QUIET = Console(quiet=True)
POSTS, SEED = 8_000, 2016
"""The capture that most faults use."""
LEFT = 0.85
"""The part of the messages that is still in the queue when a fault begins, at the latest."""
Key = tuple[Any, int, str, str]
"""Day, bucket, network and id of a post."""
_MEANWHILE = ("topic", "collected_at")
"""Columns that may differ from those of a clean run."""


@dataclass
class Ground:
    """The engines of a test's own, a topic, and what a clean run stores of a corpus."""

    settings: Settings
    engines: Engines
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    """All that were started; those that still run at the end are killed."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes commands use these engines."""
        return {
            "PULSO_HOME": str(self.settings.home),
            "PULSO_CASSANDRA_HOSTS": ",".join(self.settings.cassandra_hosts),
            "PULSO_CASSANDRA_PORT": str(self.settings.cassandra_port),
            "PULSO_REDIS_URL": self.settings.redis_url.get_secret_value(),
            "PULSO_TOPICS_DIR": str(self.settings.topics_dir),
            "PULSO_CASSANDRA_DC": self.settings.cassandra_dc,
            "PULSO_REPLICATION": self.settings.replication,
            "PULSO_KEYSPACE": self.settings.keyspace,
            "PULSO_STREAM": self.settings.stream,
            "PULSO_WORKER_CLAIM_IDLE": "1",
        }

    def new_topic(self) -> str:
        """Returns the name of a topic that nothing else uses."""
        name = f"t{uuid.uuid4().hex[:8]}"
        (self.settings.topics_dir / f"{name}.yaml").write_text(
            f"topic: {name}\ntimezone: Asia/Manila\nbuckets: 4\n"
            "races:\n  - {id: president, title: President, candidates: [{id: a, name: A, aliases: [duterte]}]}\n"
        )
        return name

    @contextmanager
    def queue(self) -> Iterator[PostsQueue]:
        """Yields the queue."""
        client = redis_client(self.settings)
        try:
            yield PostsQueue(client, self.settings.stream, self.settings.dead_letters_limit)
        finally:
            client.close()

    def command(self, *arguments: str) -> Done:
        """Runs a command of ingest to its end; fails unless it succeeds."""
        done = run_command("ingest", *arguments, timeout=1800, **self.environment)  # type: ignore[arg-type]
        assert done.returncode == 0, done.stderr
        return done

    def reader(self, *arguments: str) -> str:
        """Runs a command of readers to its end, and returns what it prints; fails unless it succeeds."""
        done = run_command("readers", *arguments, **self.environment)  # type: ignore[arg-type]
        assert done.returncode == 0, done.stderr
        return done.stdout

    def replay(self, file: Path, topic: str) -> Done:
        """Queues a capture."""
        return self.command("replay", str(file), "--topic", topic)

    def worker(self, *options: str) -> "subprocess.Popen[bytes]":
        """Starts a worker."""
        self.workers.append(start_command("ingest", "work", *options, **self.environment))
        return self.workers[-1]

    def draining(self) -> LoggedProcess:
        """Starts a worker, and waits until it has stored a part of the POSTS that wait in the queue."""
        worker = LoggedProcess(self.worker("--drain"))
        self.wait_until_left(LEFT * POSTS)
        return worker

    def wait_until_left(self, messages: float) -> None:
        """Waits until at most so many messages are in the queue."""
        self.wait_for(lambda queue: queue.backlog() <= messages, "a part of the drain")

    def drain(self) -> None:
        """Runs a worker until the queue is empty."""
        self.command("work", "--drain")

    def wait_for(self, condition: Callable[[PostsQueue], bool], what: str) -> None:
        """Waits until the queue is as it should be."""
        until = time.monotonic() + PATIENCE
        with self.queue() as queue:
            while not condition(queue):
                assert time.monotonic() < until, f"{what} did not come"
                time.sleep(0.01)

    def pid(self, engine: str) -> int:
        """Returns the process of Cassandra or Redis."""
        [status] = [status for status in self.engines.status() if status.engine == engine]
        assert status.pid, f"{engine} does not run"
        return status.pid

    def kill(self, engine: str) -> None:
        """Kills an engine as `kill -9` does, and waits until it is gone."""
        pid = self.pid(engine)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 30
        while _exists(pid) and time.monotonic() < until:
            time.sleep(0.02)

    def kill_all(self) -> None:
        """Kills the engines that run."""
        for status in self.engines.status():
            if status.pid:
                self.kill(status.engine)

    def up(self) -> None:
        """Starts what does not run."""
        self.engines.up()

    def start_again(self, **cassandra: object) -> None:
        """Kills the engines, and starts them with settings of cassandra.yaml that differ from the usual ones.

        Cassandra has them until its next start.
        """
        self.kill_all()
        node = make_node(self.settings.home.resolve(), LOCAL, self.settings.cassandra_port, HEAP)
        start(CassandraServer(replace(node, options=(*QUICK, *instead(**cassandra)))))
        self.up()

    def mend(self) -> None:
        """Ends every fault that a test may have left.

        These are workers that still run, engines that are down or stand still, a Redis that is full or a replica, and
        messages in the queue.
        """
        for worker in self.workers:
            end(worker)
        self.workers.clear()
        for status in self.engines.status():
            if status.pid:
                os.kill(status.pid, signal.SIGCONT)
        self.up()
        with self.queue() as queue:
            queue.client.replicaof("NO", "ONE")
            queue.client.config_set("maxmemory", "1gb")
            queue.client.config_set("appendfsync", "everysec")
            queue.client.delete(queue.stream, queue.dead)
            queue.ensure_group()

    def down(self) -> None:
        """Kills the engines, and the workers that still run; their data is of no use to anybody."""
        for worker in self.workers:
            end(worker)
        self.kill_all()

    def contents(self, topic: str) -> dict[Key, Any]:
        """Returns what is stored of a topic, by key: its words, and every column but those of _MEANWHILE."""
        with cassandra_session(self.settings) as session:
            posts, words = (self._rows(session, table, topic) for table in ("posts", "post_words"))
        assert posts.keys() == words.keys(), "a post without its words"
        kept = {one: {k: v for k, v in row._asdict().items() if k not in _MEANWHILE} for one, row in posts.items()}
        return {one: (row, words[one].words) for one, row in kept.items()}

    def _rows(self, session: Session, table: str, topic: str) -> dict[Key, Any]:
        rows = session.execute(
            f"SELECT * FROM {self.settings.keyspace}.{table} WHERE topic = %s ALLOW FILTERING", (topic,)
        )
        return {(row.day, row.bucket, row.source, row.post_id): row for row in rows}

    def clean_run(self, corpus: Path, posts: int) -> dict[Key, Any]:
        """Stores a capture of so many posts without any fault; returns what is stored then.

        A worker runs beside the replay: the queue need not hold all posts.
        """
        topic = self.new_topic()
        worker = self.worker()
        self.command("replay", str(corpus), "--topic", topic, "--wait")
        worker.terminate()
        _, errors = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0, errors.decode()
        contents = self.contents(topic)
        assert len(contents) == posts
        return contents

    def account(self, fault: str, topic: str, clean: dict[Key, Any], seconds: float, others: int = 0) -> None:
        """Compares a topic with a clean run, and adds the account to the run's table.

        Fails unless they are the same. Beside the clean posts, at most `others` may be there.
        """
        found = self.contents(topic)
        with self.queue() as queue:
            told = queue.client.hgetall(queue.counts)
        stored_ = sum(
            int(n) for name, n in told.items() if name.decode().startswith(f"{topic}|") and b"|stored" in name
        )
        differing = sum(found[one] != clean[one] for one in clean.keys() & found.keys())
        missing, more = len(clean.keys() - found.keys()), len(found.keys() - clean.keys())
        twice = max(stored_ - len(found) - others, 0)
        accounts.add(fault, (len(clean), len(found), missing, twice, differing), seconds)
        told_of = f"{fault}: {missing} missing, {more} more, {differing} differ"
        assert (missing, differing) == (0, 0), told_of
        assert more <= others, told_of


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def settings_in(folder: Path, **others: Any) -> Settings:
    """Returns the settings of engines in a folder: their home, topics and ports; `others` are added to them."""
    home = folder / "home"
    (folder / "topics").mkdir(parents=True)
    home.mkdir()
    if (HOME / "lib").is_dir():
        (home / "lib").symlink_to(HOME / "lib")
    return load_settings(
        home=home,
        topics_dir=folder / "topics",
        redis_url=f"redis://{LOCAL}:{free_port()}/0",
        keyspace="faults",
        stream="faults:posts",
        **others,
    )


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Yields engines of a test's own; kills them at the end."""
    settings = settings_in(folder, cassandra_port=free_port(STORAGE_OFFSET, JMX_OFFSET))
    made = Ground(settings, Engines(settings, heap=HEAP, console=QUIET, options=QUICK))
    try:
        made.up()
        made.command("migrate")
        yield made
    finally:
        made.down()


def generated(posts: int, seed: int, file: Path) -> Path:
    """Writes a generated capture of so many posts into a file; returns the file."""
    chunks = generate(load_topic("ph2016", SHIPPED_TOPICS), posts, seed)
    return lines_of((line for chunk in chunks for line in chunk.splitlines()), file)


def lines_of(lines: Iterable[bytes], file: Path) -> Path:
    """Writes lines into a file; returns the file."""
    file.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in lines))
    return file
