"""Fixtures for all tests: one set of engines and one Spark session per run, in one process or several (pytest-xdist).

Processes share the engines, but each has a keyspace of its own. All tests that use Spark run in the same process.
Everything that is started here is stopped here, by its process id.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import hypothesis
import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from conf import ROOT
from conf.settings import Settings, load_settings
from conf.tables import TAKEN_BACK
from conf.topic import Topic, load_topic
from ingest.queue.posts_queue import PostsQueue
from ingest.write.migrate import migrate
from jobs.framework.spark import spark_session
from stores.connect import RedisClient, cassandra_session, redis_client
from tests.support import accounts, engine_set, leftovers
from tests.support.counted_day import RACES, CountedDay, count_day

TEST_CONF = {"spark.sql.shuffle.partitions": "2"}
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
"""For small frames and many plans: here Spark would take longer to compile a plan than that saves."""
JAVA_OPTIONS = "-XX:+UseParallelGC"
"""On two busy cores a concurrent garbage collector is not worth its time. The second compiler is: most of a job's time
is Spark's planning, and after two dozen jobs the compiler has earned what it took."""
hypothesis.settings.register_profile("pulso", deadline=None)
hypothesis.settings.load_profile("pulso")
"""No test fails for its time: on a busy machine any example may take long."""
CAPTURES = ROOT.parent / "shared" / "data"
SHIPPED_TOPICS = ROOT / "conf" / "topics"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds options for longer runs; `make soak` asks for more posts."""
    parser.addoption("--soak-posts", type=int, default=20_000, help="posts of tests/ingest/test_soak.py")
    parser.addoption("--item-posts", type=int, default=6_000, help="posts of tests/jobs/test_shared_items.py")
    parser.addoption("--coordination-posts", type=int, default=3000, help="actions of test_coactions.py")
    parser.addoption("--kills", type=int, default=2, help="how often tests/faults kills each job")
    parser.addoption(
        "--long-faults", action="store_true", help="tests/faults keeps up some faults for minutes; see docs/faults.md"
    )
    parser.addoption("--backfill-days", type=int, default=30, help="days that tests/at_length/airflow runs again")
    parser.addoption(
        "--all-captures", action="store_true", help="tests/jobs/test_every_job.py runs each job on each capture"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begins the run, in its leading process."""
    if not _is_worker(session.config):
        engine_set.begin()
        accounts.begin()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Ends the engines in the leading process, after the last test of all processes; also those of ended processes."""
    if not _is_worker(session.config):
        engine_set.end()
        leftovers.end_in(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table of faults, if any were tried."""
    terminalreporter.write(accounts.told())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Returns what decides which process runs which tests."""
    return _Shares(config, log)


class _Shares(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Gives each module to one process, and all modules that use Spark to the same one; and those of some folders.

    So there is only one Spark session, and what modules share is made once. What takes long begins first.
    """

    def _assign_work_unit(self, node: WorkerController) -> None:
        for scope in reversed(_LONG):
            if scope in self.workqueue:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        for folder in _FOLDERS:
            if module.startswith(folder):
                return folder
        text = (ROOT / module).read_text()
        return next((scope for scope, asks in _SHARED.items() if asks.search(text)), module)


_FOLDERS = ("tests/ingest/write/", "tests/readers/page/", "tests/corpus/", "tests/airflow_dags/")
"""Folders whose modules share what takes long to make."""
_LONG = (
    *("tests/faults/test_cluster_under_fault.py", "tests/faults/test_ingest_under_fault.py"),
    *("spark", *_FOLDERS[:2], "tests/deploy/test_logins.py", "tests/readers/packs/test_stopped_packs.py"),
)
"""The longest scopes; the others begin by the number of their tests, of which these have few. The cluster's is first,
so that it is over when jobs run: each takes much memory."""
_SHARED = {"spark": re.compile(r"\bspark: SparkSession|CountedDay"), "guarded": re.compile(r"\bguarded: Guarded")}
"""What only modules have in their texts that ask for Spark's session, or for the engines with logins, roles and TLS."""


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.fixture
def soak_posts(pytestconfig: pytest.Config) -> int:
    """The number of posts of the soak test."""
    return int(pytestconfig.getoption("--soak-posts"))


@pytest.fixture(scope="session")
def item_posts(pytestconfig: pytest.Config) -> int:
    """The number of generated posts of tests/jobs/test_shared_items.py."""
    return int(pytestconfig.getoption("--item-posts"))


@pytest.fixture(scope="session")
def coordination_posts(pytestconfig: pytest.Config) -> int:
    """The number of actions of tests/jobs/measures/test_coactions.py."""
    return int(pytestconfig.getoption("--coordination-posts"))


@pytest.fixture
def kills(pytestconfig: pytest.Config) -> int:
    """How often tests/faults kills each job."""
    return int(pytestconfig.getoption("--kills"))


@pytest.fixture(scope="session", autouse=True)
def _away_from_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the developer's settings and .env file away from the tests."""
    for name in [name for name in os.environ if name.startswith("PULSO_")]:
        del os.environ[name]
    here = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("run"))
    yield
    os.chdir(here)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str, _away_from_home: None) -> Settings:
    """Settings of running engines; they are also set in the environment, for commands and jobs."""
    topics = tmp_path_factory.mktemp("topics")
    for file in SHIPPED_TOPICS.glob("*.yaml"):
        shutil.copy(file, topics)
    engine_set.join()
    os.environ.update(
        PULSO_KEYSPACE=f"pulso_test_{worker_id}",
        PULSO_TOPICS_DIR=str(topics),
        SPARK_CONF_DIR=str(ROOT / "conf"),
    )
    return load_settings()


@pytest.fixture(scope="session")
def session(settings: Settings) -> Iterator[Session]:
    """A Cassandra session on migrated tables."""
    with migrated_session(settings) as session:
        yield session


@contextmanager
def migrated_session(settings: Settings) -> Iterator[Session]:
    """Yields a Cassandra session on migrated tables."""
    with cassandra_session(settings) as session:
        list(migrate(session, settings))
        yield session


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[RedisClient]:
    """A Redis client."""
    with closing(redis_client(settings)) as client:
        yield client


@pytest.fixture
def nothing_taken_back(session: Session, settings: Settings) -> None:
    """Empties the ledger: what it has concerns every topic, so that of another test's, too."""
    empty_ledger(session, settings)


def empty_ledger(session: Session, settings: Settings) -> None:
    """Forgets every post and account that was taken back."""
    table = f"{settings.keyspace}.{TAKEN_BACK.name}"
    if session.execute(f"SELECT id FROM {table} LIMIT 1").one():
        session.execute(f"TRUNCATE {table}", timeout=60)


@pytest.fixture
def queue(client: RedisClient, nothing_taken_back: None) -> Iterator[PostsQueue]:
    """A queue that only this test uses."""
    with _own_queue(client) as queue:
        yield queue


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch, client: RedisClient, nothing_taken_back: None) -> Iterator[PostsQueue]:
    """A queue that only this test uses; commands use it, too."""
    with _own_queue(client) as queue:
        monkeypatch.setenv("PULSO_STREAM", queue.stream)
        yield queue


@contextmanager
def _own_queue(client: RedisClient) -> Iterator[PostsQueue]:
    """Yields a queue under a new name, and deletes what it leaves: together, tests would fill Redis's memory."""
    queue = PostsQueue(client, f"test:{uuid.uuid4().hex}")
    queue.ensure_group()
    yield queue
    for key in client.scan_iter(match=f"{queue.stream}*", count=1000):
        client.delete(key)


@pytest.fixture
def topic(settings: Settings) -> Topic:
    """A topic that only this test uses, with ph2016's races, in Manila time, with 4 buckets."""
    return make_topic(settings)


def make_topic(settings: Settings, races: str = "") -> Topic:
    """Writes a topic file under a new name, and returns the topic."""
    name = f"t{uuid.uuid4().hex[:12]}"
    shipped = (SHIPPED_TOPICS / "ph2016.yaml").read_text()
    races = races or shipped[shipped.index("races:") :]
    text = f"topic: {name}\ntimezone: Asia/Manila\nbuckets: 4\ncollect: {{keywords: [halalan2016, duterte]}}\n{races}"
    (settings.topics_dir / f"{name}.yaml").write_text(text)
    return load_topic(name, settings.topics_dir)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of real captures beside the project; where it is missing, tests that need it are skipped."""
    if not CAPTURES.is_dir():
        pytest.skip("no folder of real captures (shared/data) beside the project")
    return CAPTURES


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """The one Spark session of the run, made as jobs make theirs."""
    os.environ["PYSPARK_SUBMIT_ARGS"] = f'--driver-java-options "{JAVA_OPTIONS}" pyspark-shell'
    session = spark_session("tests", settings)
    for name, value in {**TEST_CONF, **INTERPRETED}.items():
        session.conf.set(name, value)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def counted_day(settings: Settings, session: Session, client: RedisClient, spark: SparkSession) -> CountedDay:
    """A topic of which the daily set has counted a day; only the tests of the set and of packs use it."""
    return count_day(make_topic(settings, RACES), session, settings, client)


@pytest.fixture(scope="module")
def compiled(spark: SparkSession) -> Iterator[None]:
    """Lets Spark compile plans, as it does outside the tests; for modules with many rows."""
    for name in INTERPRETED:
        spark.conf.unset(name)
    yield
    for name, value in INTERPRETED.items():
        spark.conf.set(name, value)
