"""Commands that are stopped before they are done say so, in words and in their exit code."""

import signal
import time
from pathlib import Path

import pytest
from cassandra.cluster import Session

from conf.topic import Topic
from ingest.cli import main
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue
from tests.support.commands import run_here
from tests.support.live import running, wait_for
from tests.support.ports import LOCAL
from tests.support.posts import capture, stream_line, tweet


def test_a_drain_that_is_stopped_before_the_queue_is_empty_has_failed(
    stream: PostsQueue, session: Session, topic: Topic
) -> None:
    assert session
    stream.add([Envelope(topic.topic, "x", "x_v2", stream_line(tweet(str(n)))) for n in range(2)])
    stream.read("another", 1, 10)  # nobody else may have this one for an hour
    with running("work", "--drain", "--claim-idle", "3600") as process:
        wait_for(lambda: stream.backlog() == 1, "the other message is stored", process)
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
    assert out.decode() == "1 posts stored, 0 refused\n"
    assert errors.decode().splitlines()[-1].startswith("error: stopped before the queue was empty. Nothing is lost")
    assert process.returncode == 1


def test_a_replay_that_is_stopped_while_redis_takes_nothing_ends_and_says_what_is_not_queued(
    full: PostsQueue, topic: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(capture(*(stream_line(tweet(str(n))) for n in range(3))))
    DeadLetters(full).add([(Envelope(topic.topic, "x", "x_v2", stream_line(tweet())), "tried too early")])
    full.client.config_set("maxmemory", 1)
    port = full.client.connection_pool.connection_kwargs["port"]
    own = {"PULSO_REDIS_URL": f"redis://{LOCAL}:{port}/0", "PULSO_HOME": str(tmp_path)}  # its login is kept there
    where = {**own, "PULSO_STREAM": full.stream}
    with running("replay", str(file), "--topic", topic.topic, **where) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"Redis has no room: waiting for a worker; no worker is running")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    told = "3 lines read, 3 posts queued, 0 lines refused; 3 of them are not in the queue"
    assert errors.decode().splitlines()[-1] == told
    assert process.returncode == 130
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    done = run_here(main, "dead-letters", "requeue", "--all")
    assert (done.returncode, DeadLetters(full).count()) == (1, 1)
    assert done.stderr.startswith("error: Redis has no room for more messages. Start a worker")


def test_a_replay_that_is_ended_while_it_waits_for_workers_says_that_all_is_queued(
    stream: PostsQueue, topic: Topic, tmp_path: Path
) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(capture(*(stream_line(tweet(str(n))) for n in range(3))))
    with running("replay", str(file), "--topic", topic.topic, "--wait") as process:
        wait_for(lambda: stream.backlog() == 3, "the posts", process)
        time.sleep(0.5)  # nothing shows that it waits
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert errors.decode() == "stopped; 3 messages are queued, and workers go on with them\n"
    assert process.returncode == 130
