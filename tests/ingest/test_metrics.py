"""Metrics as Prometheus reads them: over HTTP, from commands that run."""

import pytest

from conf.topic import Topic
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue
from tests.ingest.sources.bluesky.test_live_bluesky import AT
from tests.support.bluesky import event
from tests.support.commands import run_command, start_command
from tests.support.jetstream_server import JetstreamServer
from tests.support.live import stop, wait_for
from tests.support.ports import free_port
from tests.support.posts import stream_line, tweet
from tests.support.scraping import reaches, scrape


def test_a_worker_s_metrics(stream: PostsQueue, topic: Topic) -> None:
    port = free_port()
    stream.add([Envelope(topic.topic, "x", "x_v2", stream_line(tweet(str(i)))) for i in range(7)])
    stream.add([Envelope(topic.topic, "x", "x_v2", b"{")])
    worker = start_command("ingest", "work", "--metrics-port", str(port))
    try:
        wait_for(reaches(port, 'pulso_worker_messages_total{outcome="stored"}', 7), "seven stored", worker)
        found = scrape(port)
    finally:
        worker.terminate()
        worker.communicate(timeout=60)
    assert found['pulso_worker_messages_total{outcome="dead"}'] == 1
    assert found["pulso_queue_length"] == found["pulso_queue_pending"] == 0
    assert found["pulso_queue_dead_letters"] == 1
    assert found["pulso_worker_batch_seconds_count"] >= 1
    assert found["pulso_queue_redis_limit_bytes"] == 2**30
    assert found['pulso_cassandra_nodes{state="up"}'] == 1
    assert found['pulso_cassandra_nodes{state="down"}'] == 0


def test_a_stream_s_metrics(stream: PostsQueue, topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    labels = f'{{source="bluesky",topic="{topic.topic}"}}'
    with JetstreamServer() as server:
        monkeypatch.setenv("PULSO_BLUESKY_HOSTS", server.address)
        arguments = ("stream", "--topic", topic.topic, "--source", "bluesky", "--metrics-port", str(port))
        process = start_command("ingest", *arguments)
        try:
            wait_for(lambda: bool(server.asked), "a connection", process)
            server.add(event({"text": "halalan2016"}, AT), event({"text": "else"}, AT, "did:plc:ben"))
            wait_for(reaches(port, f"pulso_stream_received_total{labels}", 2), "two events", process)
            found = scrape(port)
            stop(process)
        finally:
            process.kill()
            process.communicate()
    assert found[f"pulso_stream_accepted_total{labels}"] == 1
    left_out = {name: value for name, value in found.items() if name.startswith("pulso_stream_left_out_total")}
    assert {name.split('reason="')[1].split('"')[0]: value for name, value in left_out.items()} == {
        **{"no match": 1, "other language": 0, "no language": 0}
    }
    assert found[f"pulso_stream_up{labels}"] == 1
    assert found[f"pulso_stream_connects_total{labels}"] == 1
    assert found[f"pulso_stream_shed_total{labels}"] == found[f"pulso_stream_gap_seconds_total{labels}"] == 0


def test_a_port_that_is_taken_is_said(stream: PostsQueue, client: object) -> None:
    taken = int(stream.client.connection_pool.connection_kwargs["port"])
    done = run_command("ingest", "work", "--drain", "--metrics-port", str(taken))
    assert done.returncode == 1
    assert f"metrics can't be served on 127.0.0.1:{taken}" in done.stderr
