"""A collector that never had a connection says so, with exit code 1: it has collected nothing."""

import signal

import pytest

from conf.topic import Topic
from ingest.queue.posts_queue import PostsQueue
from tests.support.live import PATIENCE, streaming, wait_for
from tests.support.x_server import TOKEN, Refusal, XServer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_stops_it_is_told_that_it_never_connected(
    stream: PostsQueue, topic: Topic, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    with XServer(*[Refusal(503)] * 9) as server:
        server.rules.have(("ana", f"pulso:{topic.topic}"))
        monkeypatch.setenv("PULSO_X_API", server.address)
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        with streaming(topic.topic, "x") as process:
            wait_for(lambda: len(server.connects) > 1, "two requests", process)
            process.send_signal(number)
            out, errors = process.communicate(timeout=PATIENCE)
    told = errors.decode().strip().splitlines()[-1]
    assert process.returncode == 1
    assert told.startswith(f"error: {topic.topic} from x: never connected (X answered with HTTP 503")
    assert "0 gaps" not in out.decode()
    assert "1970" not in errors.decode()
    assert "datetime" not in errors.decode()
