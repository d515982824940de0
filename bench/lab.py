"""The place where benchmarks run: engines of their own on free ports, in a home that is emptied before and after.

Neither the environment nor `.env` decides where a benchmark connects, since it drops keyspaces and flushes Redis.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
from cassandra.cluster import Session
from rich.console import Console

from conf import ROOT
from conf.credentials import cassandra_login, redis_url
from conf.errors import PulsoError
from conf.settings import PREFIX, Settings
from conf.terminal import ERR
from conf.topic import Topic, load_topic
from deploy.engines import Engines
from deploy.ivy import pyspark_folder
from deploy.lock import locked
from deploy.node import JMX_OFFSET, STORAGE_OFFSET
from deploy.ports import is_free
from deploy.status import Status
from stores.connect import RedisClient, cassandra_session, redis_client

HOME = ROOT / ".pulso-bench"
TOPIC = "ph2016"
HEAP = "2G"
BEFORE = "e348dd9c75294e75415ed2d20cb96a5740a1f87f"
"""The commit before jobs were made faster."""
_HOST = "127.0.0.1"
_CQL_PORTS = range(9642, 12_000, 10)
_REDIS_PORTS = range(6679, 7000)


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    `posts`: posts of the corpus. `sample`: posts of it for the classic design. `rounds`: how often each thing is
    measured. `month_posts`: posts of the month for search, checks and jobs. `edges`: edges of the graph.
    `export_edges`: edges of the graph that is exported.

    For jobs: `campaign_posts` and `large_posts`: posts of the campaign and of the large month. `before`: the earlier
    commit. `rows`: the rows that are measured, by number; all if it is empty.

    For parse: `captures`: files of lines that are parsed beside the corpus.

    For rates: `warm_posts`: posts that warm up; `long_posts`: posts that are measured;
    `live_seconds`: the length of the live collection; `stored_posts`: rows at the end of the curve over stored rows.
    """

    posts: int
    sample: int
    rounds: int
    month_posts: int = 1_000_000
    edges: int = 5_000_000
    export_edges: int = 1_000_000
    campaign_posts: int = 170_000
    large_posts: int = 10_000_000
    before: str = BEFORE
    rows: frozenset[int] = frozenset()
    captures: tuple[Path, ...] = ()
    warm_posts: int = 60_000
    long_posts: int = 500_000
    live_seconds: int = 600
    stored_posts: int = 5_000_000


@dataclass(frozen=True)
class Lab:
    """A running set of engines, empty at first, with the settings and connections to use it.

    `show` takes a note on what is going on, and shows it. `root` is the folder of the code that its commands run, and
    `more` are variables of their environment.
    """

    plan: Plan
    settings: Settings
    session: Session
    redis: RedisClient
    topic: Topic
    cassandra: Status
    redis_server: Status
    show: Callable[[str], None]
    root: Path = ROOT
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """The folder of the corpus and of the subprocesses' logs; commands run there, where no `.env` applies."""
        return self.settings.home / "work"

    @property
    def environment(self) -> dict[str, str]:
        """The environment for a command that must use these engines and no others."""
        return {**environment(self.settings, self.root), **self.more}

    def in_keyspace(self, keyspace: str) -> "Lab":
        """Returns the same lab with another keyspace."""
        return replace(self, settings=self.settings.model_copy(update={"keyspace": keyspace}))

    def at(self, root: Path) -> "Lab":
        """Returns the same lab, whose commands run the code of another folder."""
        return replace(self, root=root)

    def drop(self) -> None:
        """Drops the keyspace and empties Redis."""
        self.session.execute(f"DROP KEYSPACE IF EXISTS {self.settings.keyspace}", timeout=120)
        self.redis.flushdb()

    def engine_processes(self) -> dict[str, psutil.Process]:
        """Returns the engines' processes, by the engine's name."""
        engines = (self.cassandra, self.redis_server)
        return {engine.engine: psutil.Process(engine.pid) for engine in engines if engine.pid}


@contextmanager
def lab(plan: Plan, home: Path, show: Callable[[str], None], *, keep: bool = False) -> Iterator[Lab]:
    """Starts empty engines in `home` and yields the lab; then stops them and removes their data, even after an error.

    With `keep`, the data of an earlier run stays, and so does that of this one. Raises PulsoError when the engines
    can't be started.
    """
    with locked(home / "run" / "bench.lock", ERR):
        settings = bench_settings(home)
        engines = Engines(settings, HEAP, Console(quiet=True))
        _clear(engines, settings.home, keep=keep)  # a killed run may have left data
        try:
            show("starting Cassandra and Redis")
            cassandra, redis_server = engines.up()
            (settings.home / "work").mkdir(exist_ok=True)
            with cassandra_session(settings) as session:
                topic = load_topic(TOPIC, settings.topics_dir)
                yield Lab(plan, settings, session, redis_client(settings), topic, cassandra, redis_server, show)
        finally:
            show("stopping Cassandra and Redis")
            _clear(engines, settings.home, keep=keep)


def restarted(lab: Lab) -> Lab:
    """Stops the lab's engines and starts them again, with their data; returns the lab with the new processes."""
    engines = Engines(lab.settings, HEAP, Console(quiet=True))
    engines.down()
    cassandra, redis_server = engines.up()
    return replace(lab, cassandra=cassandra, redis_server=redis_server)


def bench_settings(home: Path) -> Settings:
    """Returns settings for engines on this machine and free ports; nothing is read from the environment."""
    cql = _free(_CQL_PORTS, (0, STORAGE_OFFSET, JMX_OFFSET))
    return Settings(
        _env_file=None,
        cassandra_hosts=(_HOST,),
        cassandra_port=cql,
        cassandra_user=None,
        cassandra_password=None,
        cassandra_tls_ca=None,
        keyspace="bench",
        replication="1",
        consistency="LOCAL_QUORUM",
        redis_url=f"redis://{_HOST}:{_free(_REDIS_PORTS, (0,))}/0",
        stream="pulso:posts",
        topics_dir=ROOT / "conf" / "topics",
        home=home,
    )


def environment(settings: Settings, root: Path = ROOT) -> dict[str, str]:
    """Returns this process's environment with `settings` in place of its own PULSO_ variables.

    Python and Spark find the code in the folder `root`. The logins are in it, for code of earlier commits, which does
    not know where they are kept.
    """
    login = cassandra_login(settings)
    user = {"PULSO_CASSANDRA_USER": login.user, "PULSO_CASSANDRA_PASSWORD": login.password} if login else {}
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    return {
        **kept,
        **user,
        "PULSO_HOME": str(settings.home),
        "PULSO_CASSANDRA_PORT": str(settings.cassandra_port),
        "PULSO_REDIS_URL": redis_url(settings),
        "PULSO_KEYSPACE": settings.keyspace,
        "PYTHONPATH": str(root),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(root / "conf"),
        "SPARK_HOME": str(pyspark_folder()),
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # otherwise macOS kills the forks of RQ's worker
    }


def _free(ports: range, offsets: tuple[int, ...]) -> int:
    """Returns the first port of the range that is free, with the ports that lie `offsets` below it free, too."""
    for port in ports:
        if all(is_free(_HOST, port - offset) for offset in offsets):
            return port
    raise PulsoError(f"no port from {ports.start} to {ports.stop} is free", "Stop a program that listens there")


def _clear(engines: Engines, home: Path, *, keep: bool) -> None:
    engines.down()
    if keep:
        return
    for folder in ("cassandra", "redis", "work"):
        shutil.rmtree(home / folder, ignore_errors=True)
