"""One engine set and one Spark session for the whole run, whether one process runs the tests or several (pytest-xdist).

Processes share the engines, each in a keyspace of its own; all tests that ask for Spark go to one of them. What is
started here is ended here, by the ids it holds.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cassandra.cluster import Session
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from conf import ROOT
from conf.settings import Settings, load_settings
from conf.topic import Topic, load_topic
from ingest.queue.posts_queue import PostsQueue
from ingest.write.migrate import migrate
from jobs.framework.spark import spark_session
from stores.connect import RedisClient, cassandra_session, redis_client
from tests.support import engine_set

TEST_CONF = {"spark.sql.shuffle.partitions": "2"}
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
"""For small frames and many plans: what Spark spends on compiling a plan it never earns back there."""
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseParallelGC"
"""On two cores that other tests use too, neither a second compiler nor a collector beside the work pays."""
CAPTURES = ROOT.parent / "shared" / "data"
SHIPPED_TOPICS = ROOT / "conf" / "topics"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What can be asked for beyond the ordinary run; `make soak` asks for more posts."""
    parser.addoption("--soak-posts", type=int, default=20_000, help="posts of tests/ingest/test_soak.py")
    parser.addoption("--kills", type=int, default=3, help="how often tests/faults kills each job")
    parser.addoption(
        "--all-captures", action="store_true", help="tests/jobs/test_every_job.py runs each job on each capture"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """The process that leads the run gives it its name."""
    if not _is_worker(session.config):
        engine_set.begin()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """And it ends the engines, after the last test of all processes."""
    if not _is_worker(session.config):
        engine_set.end()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Which process runs what."""
    return _Shares(config, log)


class _Shares(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """A module is run by one process; and all that use Spark by the same, so that there is one session."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "spark" if "SparkSession" in (ROOT / module).read_text() else module


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.fixture
def soak_posts(pytestconfig: pytest.Config) -> int:
    """Posts of the soak test."""
    return int(pytestconfig.getoption("--soak-posts"))


@pytest.fixture
def kills(pytestconfig: pytest.Config) -> int:
    """How often the tests of faults kill a job."""
    return int(pytestconfig.getoption("--kills"))


@pytest.fixture(scope="session", autouse=True)
def _away_from_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting and no .env of the developer's reaches the tests."""
    for name in [name for name in os.environ if name.startswith("PULSO_")]:
        del os.environ[name]
    here = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("run"))
    yield
    os.chdir(here)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str, _away_from_home: None) -> Settings:
    """Settings of running engines, in the environment too, for commands and jobs."""
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
    with cassandra_session(settings) as session:
        list(migrate(session, settings))
        yield session


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[RedisClient]:
    """A Redis client."""
    client = redis_client(settings)
    yield client
    client.close()


@pytest.fixture
def queue(client: RedisClient) -> PostsQueue:
    """A queue of the test's own."""
    queue = PostsQueue(client, f"test:{uuid.uuid4().hex}")
    queue.ensure_group()
    return queue


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch, client: RedisClient) -> PostsQueue:
    """A queue of the test's own, to which commands go as well."""
    name = f"test:{uuid.uuid4().hex}"
    monkeypatch.setenv("PULSO_STREAM", name)
    queue = PostsQueue(client, name)
    queue.ensure_group()
    return queue


@pytest.fixture
def topic(settings: Settings) -> Topic:
    """A topic of the test's own, with ph2016's races, in Manila time and 4 buckets."""
    return make_topic(settings)


def make_topic(settings: Settings, races: str = "") -> Topic:
    """Writes a topic file under a name of its own and loads it."""
    name = f"t{uuid.uuid4().hex[:12]}"
    shipped = (SHIPPED_TOPICS / "ph2016.yaml").read_text()
    races = races or shipped[shipped.index("races:") :]
    text = f"topic: {name}\ntimezone: Asia/Manila\nbuckets: 4\ncollect: {{keywords: [halalan2016, duterte]}}\n{races}"
    (settings.topics_dir / f"{name}.yaml").write_text(text)
    return load_topic(name, settings.topics_dir)


@pytest.fixture(scope="session")
def captures() -> Path:
    """The folder of real captures beside the project; tests that need it skip where it is not."""
    if not CAPTURES.is_dir():
        pytest.skip("no folder of real captures (shared/data) beside the project")
    return CAPTURES


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """The run's one Spark session, made as jobs make it."""
    os.environ["PYSPARK_SUBMIT_ARGS"] = f'--driver-java-options "{JAVA_OPTIONS}" pyspark-shell'
    session = spark_session("tests", settings)
    for name, value in {**TEST_CONF, **INTERPRETED}.items():
        session.conf.set(name, value)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def compiled(spark: SparkSession) -> Iterator[None]:
    """Plans are compiled, as they are outside the tests: for modules with many rows."""
    for name in INTERPRETED:
        spark.conf.unset(name)
    yield
    for name, value in INTERPRETED.items():
        spark.conf.set(name, value)
