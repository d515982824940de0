"""`ingest cluster` on real engines: what it shows, and that one store that is away does not hide the other."""

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.cli import main
from ingest.queue.posts_queue import GROUP, PostsQueue
from ingest.status import read_status
from stores import workers
from stores.connect import RedisClient
from stores.health.read import read_health
from tests.support.loading import load
from tests.support.ports import free_port
from tests.support.posts import stream_line, tweet


def test_the_embedded_engines_tell_their_figures(
    session: Session, settings: Settings, client: RedisClient, stream: PostsQueue, topic: Topic
) -> None:
    load((stream_line(tweet(str(number))) for number in range(50)), topic.topic, stream, session, settings)
    health = read_health(settings, session, client)
    assert health.troubles == ()
    [node] = health.cassandra.nodes
    assert (node.state, node.owns, node.version, node.problem) == ("up", 1.0, "5.0.9", "")
    assert node.pending_compactions is not None
    assert node.load_mib is not None
    tables = {table.name: table for table in node.tables}
    assert {"posts", "post_words", "job_runs"} <= tables.keys()
    assert tables["posts"].write_ms > 0
    assert (health.cassandra.copies, health.cassandra.repairs) == (1, ())
    redis = health.redis
    assert (redis.policy, redis.has_log, redis.failing, redis.problem) == ("noeviction", True, (), "")
    assert redis.memory_mib == pytest.approx(client.info("memory")["used_memory"] / 2**20, rel=0.5)


def test_what_waits_in_the_stream_is_told_with_its_age(
    settings: Settings, client: RedisClient, stream: PostsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"stream": stream.stream})
    empty = read_health(own, client=client).redis
    assert (empty.waiting, empty.lag_seconds) == (0, None)
    client.xadd(stream.stream, {"x": "y"}, id=f"{int(client.time()[0] - 700) * 1000}-0")
    redis = read_health(own, client=client).redis
    assert (redis.waiting, redis.with_workers, redis.workers) == (1, 0, 0)
    assert redis.lag_seconds == pytest.approx(700, abs=60)


def test_a_worker_that_was_killed_and_holds_nothing_is_not_counted(
    settings: Settings, client: RedisClient, stream: PostsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"stream": stream.stream})

    def told() -> tuple[int, int]:
        return len(read_status(stream).consumers), read_health(own, client=client).redis.workers

    stream.ensure_group()
    message = client.xadd(stream.stream, {"x": "y"})
    client.xreadgroup(GROUP, "a worker", {stream.stream: ">"})
    assert told() == (1, 1)
    monkeypatch.setattr(workers, "AWAY_SECONDS", 0)
    assert told() == (1, 1), "it holds a message"
    client.xack(stream.stream, GROUP, message)
    assert told() == (0, 0)
    monkeypatch.setattr(workers, "AWAY_SECONDS", 60)
    assert told() == (1, 1), "it asked a moment ago"


def test_people_see_tables_and_programs_the_same_as_json(
    session: Session, stream: PostsQueue, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cluster"]) == 0
    shown = capsys.readouterr().out
    assert "127.0.0.1" in shown
    assert "Redis" in shown
    assert main(["cluster", "--json"]) == 0
    told = orjson.loads(capsys.readouterr().out)
    assert told["cassandra"]["nodes"][0]["state"] == "up"
    assert told["troubles"] == []


@pytest.mark.parametrize("away", ["Cassandra", "Redis"])
def test_a_store_that_is_away_is_said_first_and_the_other_is_still_shown(
    session: Session, away: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = str(free_port())
    if away == "Cassandra":
        monkeypatch.setenv("PULSO_CASSANDRA_PORT", port)
    else:
        monkeypatch.setenv("PULSO_REDIS_URL", f"redis://127.0.0.1:{port}/0")
    assert main(["cluster"]) == 1
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith(f"TROUBLE: {away}: {away} does not answer at 127.0.0.1:{port}")
    assert any(line.startswith("Redis " if away == "Cassandra" else "127.0.0.1") for line in others)


def test_a_typo_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "--jsn"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
