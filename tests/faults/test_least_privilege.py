"""Each of ingest, jobs and readers works with a role of its own, over TLS, and is refused what it does not need."""

from datetime import UTC, datetime

import pytest
import redis

from conf.errors import PulsoError
from stores.connect import cassandra_session
from tests.support.bluesky import event
from tests.support.commands import Done, run_command, spark_submit, start_command
from tests.support.guarded import SUPERUSER, Guarded
from tests.support.jetstream_server import JetstreamServer
from tests.support.live import PATIENCE, stop, wait_for
from tests.support.ports import LOCAL

POSTS = 500
POST = b"halalan2016 na"
WINDOW = ("--from", "2016-05-01", "--to", "2016-05-08")
JOBS = ("--jobs", "author_activity,candidate_poll,network_graph")


@pytest.fixture(scope="module")
def topic(guarded: Guarded) -> str:
    """A topic of which the worker has stored a corpus, and refused a line."""
    name = guarded.new_topic("elections")
    corpus = ingest(guarded, "generate", "--posts", str(POSTS), "--topic", name).stdout.encode() + b"rubbish\n"
    ingest(guarded, "replay", "-", "--topic", name, stdin=corpus)
    assert f"{POSTS:,}" in ingest(guarded, "work", "--drain").stdout
    return name


def ingest(guarded: Guarded, *words: str, stdin: bytes = b"") -> Done:
    """Runs a command of ingest as its role; it must succeed."""
    return well(run_command("ingest", *words, stdin=stdin, **guarded.environment("pulso_ingest")))  # type: ignore[arg-type]


def read(guarded: Guarded, *words: str) -> str:
    """Runs a command of readers as their role, and returns what it prints; it must succeed."""
    return well(run_command("readers", *words, **guarded.environment("pulso_readers"))).stdout  # type: ignore[arg-type]


def well(done: Done) -> Done:
    assert done.returncode == 0, done.stderr
    return done


def test_every_step_works_with_its_own_role(guarded: Guarded, topic: str) -> None:
    assert topic in ingest(guarded, "status").stdout
    assert "rubbish" in ingest(guarded, "dead-letters", "list", "--json").stdout
    ingest(guarded, "dead-letters", "requeue", "--all")
    ingest(guarded, "dead-letters", "drop", "--all")
    ingest(guarded, "forget", "--source", "x", "--author", "nobody")
    ingest(guarded, "work", "--drain")
    jobs = well(spark_submit("daily", "--topic", topic, *WINDOW, *JOBS, **guarded.environment("pulso_jobs")))  # type: ignore[arg-type]
    assert f"candidate_poll {topic}" in jobs.stdout
    assert f"network_graph {topic}" in jobs.stdout
    assert "Rodrigo Duterte" in read(guarded, "poll", "--topic", topic)
    assert "succeeded" in read(guarded, "runs", "--topic", topic)
    assert "duterte" in read(guarded, "search", "duterte", "--topic", topic).lower()
    read(guarded, "graph", "--topic", topic, "--graph", "retweet")


@pytest.mark.usefixtures("topic")
def test_the_health_of_the_engines_is_told_to_who_may_read_it_and_others_are_told_how(guarded: Guarded) -> None:
    told = ingest(guarded, "cluster").stdout
    assert "posts" in told
    assert "may not read" not in told
    done = run_command("ingest", "cluster", **guarded.environment("pulso_jobs"))  # type: ignore[arg-type]
    assert (done.returncode, done.stderr) == (1, "")
    [redis_line, of_views, *others] = done.stdout.splitlines()
    assert redis_line.startswith("TROUBLE: Redis: Redis at ")
    assert "refuses the login" in redis_line
    assert of_views.startswith(f"warning: {LOCAL}: this user may not read system_views, so the figures are missing")
    assert "GRANT SELECT ON KEYSPACE system_views" in of_views
    assert any(line.startswith(f"{LOCAL}  up") for line in others)


def test_live_collection_works_with_the_role_of_ingest(guarded: Guarded, topic: str) -> None:
    with JetstreamServer() as server, redis.Redis.from_url(guarded.redis_url("pulso_operator")) as operator:
        variables = guarded.environment("pulso_ingest", PULSO_BLUESKY_HOSTS=server.address)
        stream = start_command("ingest", "stream", "--topic", topic, "--source", "bluesky", **variables)
        try:
            wait_for(lambda: bool(server.asked), "a connection", stream)
            server.add(event({"text": POST.decode(), "langs": ["tl"]}, datetime.now(UTC)))
            wait_for(
                lambda: any(POST in b"".join(entry.values()) for _, entry in operator.xrange("pulso:posts")), "a post"
            )
            stop(stream)
        finally:
            stream.kill()
    assert "1 posts stored" in ingest(guarded, "work", "--drain").stdout


def test_the_operator_makes_roles_and_sets_passwords(guarded: Guarded) -> None:
    superuser = guarded.environment(SUPERUSER)
    assert "pulso_ingest" in well(run_command("deploy", "roles", **superuser)).stdout  # type: ignore[arg-type]
    guarded.passwords["pulso_migrate"] = "pw-it's new"
    set_it = run_command("deploy", "roles", "--password-of", "pulso_migrate", stdin=b"pw-it's new\n", **superuser)  # type: ignore[arg-type]
    assert "it's new" not in well(set_it).stdout
    unknown = run_command("deploy", "roles", "--password-of", "somebody", stdin=b"x\n", **superuser)  # type: ignore[arg-type]
    assert (unknown.returncode, unknown.stderr[:27]) == (2, "error: no role 'somebody'. ")


def test_who_may_migrate_makes_what_is_missing(guarded: Guarded) -> None:
    with cassandra_session(guarded.settings("pulso_migrate")) as session:
        session.execute("DROP TABLE pulso.cascades")
    done = run_command("ingest", "migrate", **guarded.environment("pulso_migrate"))  # type: ignore[arg-type]
    assert "made table cascades" in well(done).stdout
    well(run_command("deploy", "roles", **guarded.environment(SUPERUSER)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("pulso_ingest", "SELECT * FROM pulso.candidate_poll"),
        ("pulso_ingest", "SELECT * FROM pulso.post_words"),
        ("pulso_ingest", "TRUNCATE pulso.job_runs"),
        ("pulso_ingest", "ALTER TABLE pulso.posts WITH gc_grace_seconds = 0"),
        ("pulso_jobs", "DELETE FROM pulso.posts WHERE topic = 't' AND day = '2016-05-01' AND bucket = 0"),
        ("pulso_jobs", "SELECT * FROM pulso.post_words"),
        ("pulso_jobs", "TRUNCATE pulso.collection_gaps"),
        ("pulso_jobs", "DROP TABLE pulso.candidate_poll"),
        ("pulso_readers", "INSERT INTO pulso.topic_layout (topic, timezone, buckets) VALUES ('t', 'UTC', 1)"),
        ("pulso_readers", "INSERT INTO pulso.day_layout (topic, day, buckets) VALUES ('t', '2016-05-01', 1)"),
        ("pulso_jobs", "INSERT INTO pulso.day_layout (topic, day, buckets) VALUES ('t', '2016-05-01', 1)"),
        ("pulso_readers", "SELECT * FROM pulso.run_order"),
        ("pulso_readers", "TRUNCATE pulso.candidate_poll"),
        (
            "pulso_migrate",
            "CREATE KEYSPACE other WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        ),
        ("pulso_migrate", "GRANT SELECT ON pulso.posts TO pulso_readers"),
        *((role, "SELECT * FROM system_auth.roles") for role in ("pulso_ingest", "pulso_jobs", "pulso_readers")),
        *((role, f"ALTER ROLE {SUPERUSER} WITH PASSWORD = 'mine'") for role in ("pulso_migrate", "pulso_ingest")),
    ],
)
def test_a_role_is_refused_what_it_does_not_need(guarded: Guarded, role: str, statement: str) -> None:
    with (
        pytest.raises(PulsoError, match=rf"^Cassandra refuses this user: .*{role}"),
        cassandra_session(guarded.settings(role)) as session,
    ):
        session.execute(statement)


@pytest.mark.parametrize(
    "command",
    ["FLUSHALL", "KEYS *", "CONFIG GET maxmemory", "SET other 1", "ACL LIST", "XADD other:posts * a b", "SHUTDOWN"],
)
def test_ingest_is_refused_what_it_does_not_need_of_redis(guarded: Guarded, command: str) -> None:
    with (
        redis.Redis.from_url(guarded.redis_url("pulso_ingest")) as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.execute_command(*command.split())


def test_nobody_uses_redis_without_a_login(guarded: Guarded) -> None:
    with (
        redis.Redis(host=LOCAL, port=guarded.redis_port, socket_timeout=PATIENCE) as client,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        client.ping()
