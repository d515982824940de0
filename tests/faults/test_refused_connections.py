"""Who does not belong is told so in one line: a certificate for another name, a wrong password, a user without rights.

Each command ends by itself, with exit code 1, and shows no password.
"""

import ssl
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from tests.support.certificates import Authority
from tests.support.commands import Done, run_command, run_python, spark_submit
from tests.support.guarded import Guarded
from tests.support.ports import LOCAL, free_port
from tests.support.posts import stream_line, tweet
from tests.support.tls_front import tls_front

AT_ONCE = 2
"""Commands that run at a time: most of each is the start of Python or Spark, on one core."""
PATIENCE = 90.0
"""Seconds within which a command must end; most of it is the start of Spark."""
NAME, AUTHORITY, PASSWORD, RIGHT = "a wrong name", "a wrong authority", "a wrong password", "no right"
SAID = {
    (
        "Cassandra",
        NAME,
    ): "no encrypted connection to Cassandra at 127.0.0.1:{port} (certificate verify failed: IP address mi",
    (
        "Cassandra",
        AUTHORITY,
    ): "no encrypted connection to Cassandra at 127.0.0.1:{port} (certificate verify failed: unable",
    (
        "Cassandra",
        PASSWORD,
    ): "Cassandra at 127.0.0.1:{port} refuses the login (Provided username {user} and/or password",
    ("Cassandra", RIGHT): "refuses this user: User {user} has no ",
    (
        "Redis",
        NAME,
    ): "no encrypted connection to Redis at 127.0.0.1:{port} (certificate verify failed: IP address mismatch",
    (
        "Redis",
        AUTHORITY,
    ): "no encrypted connection to Redis at 127.0.0.1:{port} (certificate verify failed: unable to get",
    ("Redis", PASSWORD): "Redis at 127.0.0.1:{port} refuses the login (",
    ("Redis", RIGHT): "Redis refuses this user: ",
}
"""What the line says, by store and by what is wrong."""
ROLES = {"poll": ("pulso_readers", "pulso_ingest"), "search": ("pulso_readers", "pulso_ingest")}
ROLES |= {"candidate_poll": ("pulso_jobs", "pulso_readers")}
"""The role that a command has, and another that lacks a right which it needs; those of ingest are told below."""
OF_INGEST = ("pulso_ingest", "pulso_readers")
OF_CASSANDRA = ("work", "poll", "search", "candidate_poll")
OF_REDIS = ("work", "replay", "stream", "status", "dead-letters")
READ_TABLE = """
from conf.settings import load_settings
from jobs.framework.spark import spark_session
spark = spark_session("test", load_settings())
table = spark.read.format("org.apache.spark.sql.cassandra").options(keyspace="pulso", table="topic_layout")
print("rows:", table.load().count())
"""


class Doors:
    """The engines, fronts with certificates that do not fit, and a topic with a post in the queue."""

    def __init__(self, guarded: Guarded, stack: ExitStack, folder: Path) -> None:
        stranger, inner = Authority(folder / "authority", "Stranger"), ssl.create_default_context()
        inner.load_verify_locations(guarded.authority.certificate)
        wrong = {NAME: guarded.authority.issue("db.example"), AUTHORITY: stranger.issue(LOCAL)}
        self.guarded, self.topic = guarded, guarded.new_topic("refused")
        self.cassandra = {
            what: stack.enter_context(tls_front(issued, guarded.cassandra_port, inner)).port
            for what, issued in wrong.items()
        }
        self.redis = {
            what: stack.enter_context(tls_front(issued, guarded.redis_port)).port for what, issued in wrong.items()
        }
        self.capture = folder / "capture.jsonl"
        self.capture.write_bytes(stream_line(tweet("1", text="duterte")))
        queued = run_command("ingest", *self._words("replay"), **self._environment("replay"))  # type: ignore[arg-type]
        assert queued.returncode == 0, queued.stderr

    def run(self, command: str, **environment: str) -> Done:
        """Runs a command to its end, in the environment of its role, but for `environment`."""
        variables = self._environment(command) | environment
        if command == "candidate_poll":
            words = ("--topic", self.topic, "--from", "2016-05-01", "--to", "2016-05-02")
            return spark_submit(command, *words, timeout=PATIENCE, **variables)
        module = "readers" if command in ROLES else "ingest"
        return run_command(module, *self._words(command), timeout=PATIENCE, **variables)  # type: ignore[arg-type]

    def try_one(self, store: str, command: str, what: str) -> tuple[Done, str]:
        """Runs a command to its end with a fault; returns what it said, and what it must say."""
        environment, said = self.faulty(store, what, command)
        return self.run(command, **environment), said

    def faulty(self, store: str, what: str, command: str) -> tuple[dict[str, str], str]:
        """Returns the environment with a fault, and what the command then must say."""
        guarded, (role, other) = self.guarded, ROLES.get(command, OF_INGEST)
        if store == "Redis":
            port = self.redis.get(what, guarded.redis_tls_port)
            url = guarded.redis_url("pulso_idle" if what == RIGHT else "pulso_ingest", port)
            if what == PASSWORD:
                url = url.replace(guarded.passwords["pulso_ingest"], "pw-guessed")
            return {"PULSO_REDIS_URL": url}, SAID[store, what].format(port=port)
        port = self.cassandra.get(what, guarded.cassandra_port)
        user = other if what == RIGHT else role
        password = "pw-guessed" if what == PASSWORD else guarded.passwords[user]
        login = {"PULSO_CASSANDRA_USER": user, "PULSO_CASSANDRA_PASSWORD": password}
        return {**login, "PULSO_CASSANDRA_PORT": str(port)}, SAID[store, what].format(port=port, user=user)

    def _environment(self, command: str) -> dict[str, str]:
        hosts = f"ws://{LOCAL}:{free_port()}"
        return self.guarded.environment(ROLES.get(command, OF_INGEST)[0], PULSO_BLUESKY_HOSTS=hosts)

    def _words(self, command: str) -> tuple[str, ...]:
        topic = ("--topic", self.topic)
        return {
            "work": ("work", "--drain"),
            "replay": ("replay", str(self.capture), *topic),
            "stream": ("stream", *topic, "--source", "bluesky"),
            "status": ("status",),
            "dead-letters": ("dead-letters", "list"),
            "poll": ("poll", *topic),
            "search": ("search", "duterte", *topic),
        }[command]


@pytest.fixture(scope="module")
def doors(guarded: Guarded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The doors."""
    guarded.passwords["pulso_idle"] = "pw-idle"
    with redis.Redis.from_url(guarded.redis_url("pulso_operator")) as operator:
        operator.execute_command("ACL SETUSER pulso_idle on >pw-idle +ping +select +hello +auth")
    with ExitStack() as stack:
        yield Doors(guarded, stack, tmp_path_factory.mktemp("refused"))


@pytest.fixture(scope="module")
def tried(request: pytest.FixtureRequest, doors: Doors) -> Iterator[dict[frozenset[str], "Future[tuple[Done, str]]"]]:
    """The cases of the tests that were chosen, by store, command and what is wrong: some run at a time."""
    items = (item for item in request.session.items if isinstance(item, pytest.Function))
    chosen = [item.callspec.params for item in items if item.function is test_it_is_one_line_and_the_end]
    cases = [{name: str(value) for name, value in one.items()} for one in chosen]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {frozenset(case.values()): pool.submit(doors.try_one, **case) for case in cases}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(
    ("store", "command", "what"),
    [
        *(("Cassandra", command, what) for command in OF_CASSANDRA for what in (NAME, PASSWORD, RIGHT)),
        *(("Redis", command, what) for command in OF_REDIS for what in (NAME, PASSWORD, RIGHT)),
        *((store, "work", AUTHORITY) for store in ("Cassandra", "Redis")),
    ],
)
def test_it_is_one_line_and_the_end(
    doors: Doors, tried: dict[frozenset[str], "Future[tuple[Done, str]]"], store: str, command: str, what: str
) -> None:
    done, said = tried[frozenset((store, command, what))].result()
    told = done.stdout + done.stderr
    assert done.returncode == 1, told
    errors = [line for line in told.splitlines() if line.startswith("error: ")]  # spark-submit joins both streams
    assert len(errors) == 1, told
    assert said in errors[0]
    assert "(run again with -v" not in errors[0], "an error without a fix"
    assert "Traceback" not in told
    assert not [password for password in (*doors.guarded.passwords.values(), "pw-guessed") if password in told]
    if command != "candidate_poll":  # Spark logs what it likes
        assert [line for line in done.stderr.splitlines() if not line.startswith("{")] == errors, "more than logs"


def test_sparks_connector_checks_the_name_by_itself(doors: Doors) -> None:
    right = doors.guarded.environment("pulso_jobs")
    fronts = [{"PULSO_CASSANDRA_PORT": str(doors.cassandra[what])} for what in (NAME, AUTHORITY)]

    def read(other: dict[str, str]) -> Done:
        return run_python("-c", READ_TABLE, **right | other)  # type: ignore[arg-type]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        well, *refused = pool.map(read, [{}, *fronts])
    assert "rows:" in well.stdout
    for wrong in refused:
        assert wrong.returncode == 1
        assert "rows:" not in wrong.stdout
