"""Live collection from a Jetstream on this machine, through real engines: nothing lost, gaps recorded, cursors kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from ingest.write.store import Store
from ingest.write.topics import TopicBook
from ingest.write.worker import Worker
from stores.coverage import Gap, read_records
from tests.support.bluesky import REPOST, event, tid, time_us, time_us_of
from tests.support.jetstream_server import JetstreamServer
from tests.support.live import kill, state_of, stop, streaming, wait_for
from tests.support.stored import stored

AT = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def post(seconds: float, text: str = "halalan2016 na", did: str = "did:plc:ana") -> bytes:
    return event({"text": text}, at(seconds), did)


def ids(*events: bytes) -> set[str]:
    return {f"did:plc:ana/{tid(datetime.fromtimestamp(time_us_of(e) / 1e6, UTC))}" for e in events}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JetstreamServer]:
    with JetstreamServer() as server:
        monkeypatch.setenv("PULSO_BLUESKY_HOSTS", server.address)
        yield server


class Live:
    def __init__(self, queue: PostsQueue, session: Session, settings: Settings, topic: str) -> None:
        self.queue, self.topic = queue, topic
        self._session, self._settings = session, settings

    def work(self) -> set[str]:
        """Runs a worker until the queue is empty; returns the ids that are stored."""
        store = Store(self._session, self._settings.keyspace)
        Worker(self.queue, store, TopicBook(self._session, self._settings)).run(drain=True)
        return set(stored(self._session, self._settings.keyspace, self.topic))

    def gaps(self) -> list[Gap]:
        self.work()
        return list(read_records(self._session, self._settings.keyspace, self.topic)["bluesky"].gaps)

    def has_received(self, count: int) -> bool:
        state = state_of(self.queue, self.topic)
        return state is not None and state.received >= count


@pytest.fixture
def live(stream: PostsQueue, session: Session, settings: Settings, topic: Topic) -> Live:
    return Live(stream, session, settings, topic.topic)


def test_what_the_topic_asks_for_is_stored_and_a_restart_goes_on_at_the_cursor(
    live: Live, server: JetstreamServer
) -> None:
    first = [post(i) for i in range(20)]
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: bool(server.asked), "a connection", process)
        server.add(*first, post(21, "about something else"), event({}, at(22), collection="app.bsky.feed.like"))
        wait_for(lambda: live.has_received(22), "22 events", process)
        said = stop(process)
    assert "22 received, 20 queued" in said
    assert live.work() == ids(*first)
    missed = [post(30 + i) for i in range(20)]
    server.add(*missed)
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: live.has_received(42), "what was missed", process)
        stop(process)
    assert server.asked[-1][1]["cursor"] == [str(time_us(at(22)) - 5_000_000)]
    assert live.work() == ids(*first, *missed)
    filled, stopped = live.gaps()
    assert (filled.start, filled.end, filled.reason) == (at(22), at(22), "stopped; filled by playback")
    assert (stopped.start, stopped.end, stopped.reason) == (at(49), None, "stopped")


def test_kill_9_in_a_burst_is_filled_by_the_cursor_and_the_ledger_equals_the_table(
    live: Live, server: JetstreamServer
) -> None:
    ledger = [post(i / 1000) for i in range(8000)]
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: bool(server.asked), "a connection", process)
        server.add(*ledger[:5000])
        wait_for(lambda: live.has_received(500), "part of the burst", process)
        kill(process)
    queued = live.work()
    assert len(queued) < 5000, "it was killed after the burst"
    server.add(*ledger[5000:])
    died = state_of(live.queue, live.topic)
    assert died
    assert died.through_us
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: live.work() == ids(*ledger), "the rest", process)
        stop(process)
    assert live.work() == ids(*ledger)
    gap = live.gaps()[0]
    assert gap.start == gap.end == datetime.fromtimestamp(died.through_us / 1e6, UTC)
    assert gap.reason == "the collector died; filled by playback"
    assert {time_us_of(e) for e in ledger if ids(e) <= queued} >= {
        time_us_of(e) for e in ledger if time_us_of(e) < died.through_us
    }


def test_what_the_host_no_longer_has_is_a_gap(live: Live, server: JetstreamServer) -> None:
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: bool(server.asked), "a connection", process)
        server.add(post(0))
        wait_for(lambda: live.has_received(1), "an event", process)
        kill(process)
    server.add(*[post(60 * i) for i in range(1, 10)])
    server.kept_from_us = time_us(at(300))
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: live.has_received(6), "what is kept", process)
        stop(process)
    assert live.work() == ids(post(0), *[post(60 * i) for i in range(5, 10)])
    assert live.gaps()[0] == Gap(at(0), at(300), "the collector died")


def test_a_cursor_that_the_host_moved_up_by_seconds_is_a_gap(live: Live, server: JetstreamServer) -> None:
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: bool(server.asked), "a connection", process)
        server.add(*[post(i) for i in range(10)])
        wait_for(lambda: live.has_received(10), "ten events", process)
        stop(process)
    server.add(*[post(i) for i in range(10, 30)])
    server.kept_from_us = time_us(at(12))
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: live.has_received(28), "what is kept", process)
        stop(process)
    assert live.gaps()[0] == Gap(at(9), at(12), "stopped")


@pytest.mark.parametrize("second", [[], [("503", 0)], [("drop", 0)]])
def test_a_host_that_fails_is_left_for_the_next_and_nothing_is_missing(
    live: Live, server: JetstreamServer, monkeypatch: pytest.MonkeyPatch, second: list[tuple[str, int]]
) -> None:
    ledger = [post(i / 10) for i in range(40)]
    with JetstreamServer(faults=list(second)) as other:
        monkeypatch.setenv("PULSO_BLUESKY_HOSTS", f"{server.address},{other.address}")
        server.faults.append(("drop", 10))
        with streaming(live.topic, "bluesky") as process:
            wait_for(lambda: bool(server.asked), "a connection", process)
            other.add(*ledger)
            server.add(*ledger)
            wait_for(lambda: live.work() == ids(*ledger), "all of them", process)
            stop(process)
    assert "cursor" in other.asked[0][1]
    assert len(server.asked) == 1 + bool(second)
    dropped, stopped = live.gaps()
    assert dropped.start == dropped.end == at(0.9)
    assert dropped.reason.startswith("network error")
    assert dropped.reason.endswith("filled by playback")
    assert (stopped.start, stopped.end, stopped.reason) == (at(3.9), None, "stopped")


def test_a_deletion_and_a_repost_go_the_same_way(live: Live, server: JetstreamServer) -> None:
    kept, gone = post(0), post(1)
    subject = {"subject": {"uri": f"at://did:plc:ana/app.bsky.feed.post/{tid(at(0))}", "cid": "c"}}
    other = {"subject": {"uri": f"at://did:plc:eve/app.bsky.feed.post/{tid(at(0))}", "cid": "c"}}
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: bool(server.asked), "a connection", process)
        server.add(
            *(kept, gone, event(None, at(2), rkey=tid(at(1)), operation="delete")),
            event(subject, at(3), "did:plc:ben", collection=REPOST),
            event(other, at(4), "did:plc:ben", collection=REPOST),
        )
        wait_for(lambda: live.has_received(5), "5 events", process)
        stop(process)
    assert live.work() == {*ids(kept), f"did:plc:ben/{tid(at(3))}"}


def test_the_real_capture_goes_through_live(
    live: Live, server: JetstreamServer, captures: Path, settings: Settings
) -> None:
    events = (captures / "bluesky" / "golden_v1.jsonl").read_bytes().splitlines()
    topic = settings.topics_dir / f"{live.topic}.yaml"
    topic.write_text(topic.read_text().replace("keywords: [", "keywords: [the, a, "))
    with streaming(live.topic, "bluesky") as process:
        wait_for(lambda: bool(server.asked), "a connection", process)
        server.add(*events)
        wait_for(lambda: live.has_received(len(events)), "the capture", process)
        stop(process)
    assert len(live.work()) <= 2


def test_one_topic_and_source_is_collected_once(live: Live, server: JetstreamServer) -> None:
    with streaming(live.topic, "bluesky") as first:
        wait_for(lambda: bool(server.asked), "a connection", first)
        server.add(post(0))
        wait_for(lambda: live.has_received(1), "an event", first)
        with streaming(live.topic, "bluesky") as second:
            _, errors = second.communicate(timeout=60)
        assert second.returncode == 1
        assert f"{live.topic} from bluesky is collected already, by process {first.pid}" in errors.decode()
        stop(first)


def test_an_address_that_is_not_encrypted_is_refused(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSO_BLUESKY_HOSTS", "ws://jetstream.example.org")
    with streaming(live.topic, "bluesky") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.decode().startswith("error: PULSO_BLUESKY_HOSTS: 'ws://jetstream.example.org' is not usable")
