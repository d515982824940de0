"""Live collection from X's stream on this machine, through real engines: gaps with right bounds, nothing twice."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from stores.coverage import Gap, Record, read_records
from tests.support.commands import run_command
from tests.support.live import kill, state_of, stop, streaming, wait_for
from tests.support.stored import stored
from tests.support.x_runs import line
from tests.support.x_server import TOKEN, Drop, Refusal, XServer

SLACK, MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)


def lines(topic: str, count: int, start: int = 0) -> list[bytes]:
    return [line(str(10_000 + i), f"pulso:{topic}") for i in range(start, start + count)]


def ids(count: int, start: int = 0) -> set[str]:
    return {str(10_000 + i) for i in range(start, start + count)}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, topic: Topic) -> Iterator[XServer]:
    with XServer(heartbeat=0.5) as server:
        server.rules.have(("ana", f"pulso:{topic.topic}"))
        monkeypatch.setenv("PULSO_X_API", server.address)
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        yield server


class Live:
    def __init__(self, queue: PostsQueue, session: Session, settings: Settings, topic: str) -> None:
        self.queue, self.topic = queue, topic
        self._session, self._settings = session, settings

    def work(self) -> set[str]:
        done = run_command("ingest", "work", "--drain", "--claim-idle", "1")
        assert done.returncode == 0, done.stderr
        return set(stored(self._session, self._settings.keyspace, self.topic))

    def gaps(self) -> list[Gap]:
        return list(self.record().gaps)

    def record(self) -> Record:
        return read_records(self._session, self._settings.keyspace, self.topic)["x"]

    def has_connected(self, count: int) -> bool:
        """Whether so many connections were made, by all processes. A killed one's state says for ever that it is up."""
        state = state_of(self.queue, self.topic)
        return state is not None and state.connects >= count

    def has_received(self, count: int) -> bool:
        state = state_of(self.queue, self.topic)
        return state is not None and state.received >= count


@pytest.fixture
def live(stream: PostsQueue, session: Session, settings: Settings, topic: Topic) -> Live:
    return Live(stream, session, settings, topic.topic)


def test_an_outage_is_one_gap_from_the_last_thing_heard_to_the_next_connection(live: Live, server: XServer) -> None:
    server.scripts = [[b"\r\n".join([*lines(live.topic, 50), b""]), Drop()], Refusal(503)]
    before = datetime.now(UTC)
    with streaming(live.topic, "x") as process:
        wait_for(lambda: len(server.connects) == 3, "three connections", process)
        again = datetime.now(UTC)
        server.send(*lines(live.topic, 50, 40))  # ten of them come twice
        wait_for(lambda: live.has_received(100), "100 posts", process)
        said = stop(process)
    assert "100 received, 100 queued" in said
    assert live.work() == ids(90)
    outage, stopped = live.gaps()
    began = live.record().began
    assert began is not None
    assert before - MILLISECOND <= began <= outage.start < again - timedelta(seconds=4), "503 is waited for 5 s"
    assert outage.end is not None
    assert abs(outage.end - again) < SLACK
    assert outage.reason == "X ended the connection"
    assert (stopped.end, stopped.reason) == (None, "stopped")


def test_kill_9_in_a_burst_leaves_a_gap_that_covers_what_was_lost(live: Live, server: XServer) -> None:
    ledger: list[tuple[bytes, datetime]] = []
    with streaming(live.topic, "x") as process:
        wait_for(lambda: bool(server.connects), "a connection", process)
        for start in range(0, 6000, 50):
            batch = lines(live.topic, 50, start)
            ledger += [(one, datetime.now(UTC)) for one in batch]
            server.send(*batch)
            if start == 3000:
                kill(process)
            time.sleep(0.005)
    queued = live.work()
    with streaming(live.topic, "x") as process:
        wait_for(lambda: live.has_connected(2), "another connection", process)
        stop(process)
    assert queued == ids(len(queued)), "what was queued is what came first"
    assert live.work() >= queued
    died = live.gaps()[0]
    assert died.reason == "the collector died"
    assert died.end is not None
    lost = [at for number, (_, at) in enumerate(ledger) if number >= len(queued)]
    assert lost
    assert died.start - SLACK / 4 <= min(lost) <= max(lost) <= died.end


def test_status_and_metrics_tell_how_it_stands(live: Live, server: XServer) -> None:
    with streaming(live.topic, "x") as process:
        wait_for(lambda: bool(server.connects), "a connection", process)
        server.send(*lines(live.topic, 5))
        wait_for(lambda: live.has_received(5), "five posts", process)
        said = run_command("ingest", "status").stdout
        assert f"{live.topic}" in said
        assert " up " in said
        kill(process)
    said = run_command("ingest", "status").stdout
    assert " dead " in said
    assert "its process is gone" in said


def test_no_rules_and_no_token_end_it_with_the_fix(
    live: Live, server: XServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.rules.rules.clear()
    done = run_command("ingest", "stream", "--topic", live.topic, "--source", "x")
    assert done.returncode == 1
    assert f"Run `.venv/bin/python -m ingest rules push --topic {live.topic}`" in done.stderr
    monkeypatch.delenv("X_BEARER_TOKEN")
    done = run_command("ingest", "stream", "--topic", live.topic, "--source", "x")
    assert done.returncode != 0
    assert "X_BEARER_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_source_that_is_none_is_wrong_use(live: Live) -> None:
    done = run_command("ingest", "stream", "--topic", live.topic, "--source", "myspace")
    assert done.returncode == 2
    assert "no source 'myspace': one of x, bluesky, mastodon" in done.stderr
