"""What live collection leaves out is seen while it runs; and identity events of live collection become names."""

import time

import orjson
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import ACCOUNT_NAMES
from conf.topic import Topic, load_topic
from ingest.queue.posts_queue import PostsQueue
from tests.ingest.sources.bluesky.test_live_bluesky import at
from tests.support.bluesky import event, time_us
from tests.support.commands import run_command
from tests.support.jetstream_server import JetstreamServer
from tests.support.live import state_of, stop, streaming, wait_for

MINUTE = 60


def with_languages(settings: Settings, topic: Topic, languages: str) -> Topic:
    file = settings.topics_dir / f"{topic.topic}.yaml"
    file.write_text(file.read_text().replace("collect: {", f"collect: {{languages: {languages}, "))
    return load_topic(topic.topic, settings.topics_dir)


def test_a_topic_that_drops_everything_is_seen_within_a_minute(
    stream: PostsQueue, settings: Settings, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_languages(settings, topic, "[fp]")
    with JetstreamServer() as server:
        monkeypatch.setenv("PULSO_BLUESKY_HOSTS", server.address)
        with streaming(topic.topic, "bluesky") as process:
            wait_for(lambda: bool(server.asked), "a connection", process)
            server.add(*(event({"text": "halalan2016", "langs": ["fil-PH"]}, at(i / 100)) for i in range(999)))
            server.add(event(None, at(10), operation="delete"), event({"text": "halalan2016"}, at(11)))
            began = time.monotonic()
            told: dict[str, object] = {}
            while told.get("received") != 1001 and time.monotonic() - began < MINUTE:
                live = orjson.loads(run_command("ingest", "status", "--json").stdout)["live"]
                told = live[0] if live else {}
            assert told["left_out"] == {"other language": 999, "no language": 1}
            assert (told["accepted"], told["asked_for"]) == (1, 0)
            shown = run_command("ingest", "status").stdout
            assert "999 other language, 1 no language" in shown
            assert f"{topic.topic} from bluesky: the topic asks for none of the posts that came so far" in shown
            assert "1 queued, left out: 999 other language, 1 no language" in stop(process)


def test_a_name_is_told_by_an_identity_event_of_the_stream(
    stream: PostsQueue, session: Session, settings: Settings, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
    identity = {"did": did, "handle": "Ana.Example", "seq": 1, "time": at(0).isoformat()}
    line = orjson.dumps({"did": did, "time_us": time_us(at(2)), "kind": "identity", "identity": identity})
    with JetstreamServer() as server:
        monkeypatch.setenv("PULSO_BLUESKY_HOSTS", server.address)
        with streaming(topic.topic, "bluesky") as process:
            wait_for(lambda: bool(server.asked), "a connection", process)
            server.add(event({"text": "halalan2016"}, at(1), did), line)
            wait_for(
                lambda: (state := state_of(stream, topic.topic)) is not None and state.received == 2, "two", process
            )
            stop(process)
    assert run_command("ingest", "work", "--drain").returncode == 0
    rows = session.execute(f"SELECT * FROM {settings.keyspace}.{ACCOUNT_NAMES.name}")
    assert [row.handle for row in rows if row.topic == topic.topic] == ["ana.example"]
    flow = orjson.loads(run_command("ingest", "status", "--json").stdout)["flows"][0]
    assert (flow["waiting"], flow["left_out"]) == (0, {})
