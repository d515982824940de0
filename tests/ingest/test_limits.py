"""Each limit and batch size that an operator sets reaches what it steers."""

import time
from functools import partial
from pathlib import Path

import pytest
from cassandra.cluster import Session

from conf.credentials import redis_url
from conf.errors import WrongUse
from conf.settings import DEFAULTS, Settings, load_settings
from conf.topic import Topic
from ingest.cli import main
from ingest.live.buffer import Buffer
from ingest.live.run import make_collector
from ingest.live.spilling_buffer import SpillingBuffer
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope, Route
from ingest.queue.posts_queue import PostsQueue
from ingest.sources.base import Clock
from ingest.write.worker import Worker, make_worker
from tests.support.commands import start_command
from tests.support.live import wait_for
from tests.support.posts import capture, stream_line, tweet


@pytest.fixture
def set_to(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sets settings in the environment, beside those of the running engines."""
    return monkeypatch


def post(topic: Topic, number: int = 1) -> Envelope:
    return Envelope(topic.topic, "x", "x_v2", stream_line(tweet(str(number))))


def holds(queue: PostsQueue, count: int) -> bool:
    return queue.backlog() >= count


class TestWorker:
    def make(self, queue: PostsQueue, session: Session, set_to: pytest.MonkeyPatch, **given: object) -> Worker:
        for name, value in given.items():
            set_to.setenv(f"PULSO_{name.upper()}", str(value))
        return make_worker(load_settings(), queue, session)

    def test_it_reads_so_many_messages_at_once(
        self, queue: PostsQueue, session: Session, set_to: pytest.MonkeyPatch, topic: Topic
    ) -> None:
        queue.add([post(topic, number) for number in range(7)])
        worker = self.make(queue, session, set_to, worker_read=3)
        assert [len(worker._read()) for _ in range(3)] == [3, 3, 1]

    def test_it_takes_over_what_is_unacked_for_so_long(
        self, queue: PostsQueue, session: Session, set_to: pytest.MonkeyPatch, topic: Topic
    ) -> None:
        queue.add([post(topic)])
        queue.read("another", 1, 10)
        time.sleep(0.3)
        assert self.make(queue, session, set_to)._next() == []
        assert len(self.make(queue, session, set_to, worker_claim_idle=0.2)._next()) == 1

    def test_it_reads_no_more_while_so_many_changes_wait(
        self, queue: PostsQueue, session: Session, set_to: pytest.MonkeyPatch, topic: Topic
    ) -> None:
        note = Envelope(topic.topic, "x", "gap", b"", route=Route.NOTE)
        queue.add([post(topic), note, note, note])
        queue.read("another", 1, 10)  # the changes wait for this one
        worker = self.make(queue, session, set_to, worker_read=1, worker_changes_limit=2)
        for _ in range(2):
            worker._process(worker._read())
        assert worker._read() == []
        assert len(self.make(queue, session, set_to)._read()) == 1, "another worker still reads"

    def test_it_writes_batches_of_so_many_bytes_and_so_many_at_once(
        self, queue: PostsQueue, session: Session, set_to: pytest.MonkeyPatch
    ) -> None:
        worker = self.make(queue, session, set_to, write_batch_bytes=2048, write_in_flight=3)
        writer = worker._store.posts  # what the two do there is in test_writer
        assert (writer._batch_bytes, writer._in_flight) == (2048, 3)

    def test_the_command_s_option_comes_before_the_setting(
        self, stream: PostsQueue, session: Session, set_to: pytest.MonkeyPatch, topic: Topic
    ) -> None:
        stream.add([post(topic)])
        stream.read("another", 1, 10)
        set_to.setenv("PULSO_WORKER_CLAIM_IDLE", "3600")
        assert main(("work", "--drain", "--claim-idle", "0.1")) == 0
        assert stream.backlog() == 0


class TestReplay:
    def test_it_queues_so_many_at_once_and_waits_at_the_limit(
        self, stream: PostsQueue, set_to: pytest.MonkeyPatch, topic: Topic, tmp_path: Path
    ) -> None:
        file = tmp_path / "posts.jsonl"
        file.write_bytes(capture(*(stream_line(tweet(str(number))) for number in range(50))))
        set_to.setenv("PULSO_PUBLISH_BATCH", "4")
        set_to.setenv("PULSO_QUEUE_LIMIT", "10")
        for options, backlog in ((), 12), (("--queue-limit", "20"), 20):
            stream.client.xtrim(stream.stream, maxlen=0)
            process = start_command("ingest", "replay", str(file), "--topic", topic.topic, *options)
            try:
                wait_for(partial(holds, stream, backlog), "a full queue", process)
                time.sleep(0.5)
                assert (process.poll(), stream.backlog()) == (None, backlog)
            finally:
                process.kill()
                process.communicate()

    def test_it_stops_at_so_many_dead_letters(
        self,
        stream: PostsQueue,
        set_to: pytest.MonkeyPatch,
        topic: Topic,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        file = tmp_path / "rubbish.jsonl"
        file.write_bytes(capture(stream_line(tweet("1")), b"rubbish"))
        set_to.setenv("PULSO_DEAD_LETTERS_LIMIT", "2")
        assert [main(("replay", str(file), "--topic", topic.topic)) for _ in range(3)] == [0, 0, 1]
        assert "2 dead letters are waiting, so no more are taken" in capsys.readouterr().err
        assert DeadLetters(stream).count() == 2


def test_live_collection_has_its_own_limits(stream: PostsQueue, set_to: pytest.MonkeyPatch, topic: Topic) -> None:
    set_to.setenv("PULSO_LIVE_BUFFER_BYTES", str(1024 * 1024))
    set_to.setenv("PULSO_LIVE_QUEUE_LIMIT", "5")
    set_to.setenv("PULSO_PUBLISH_BATCH", "4")
    set_to.setenv("PULSO_DEAD_LETTERS_LIMIT", "6")
    collector = make_collector(load_settings(), topic, "x", Clock())
    line = b"x" * 300_000
    assert [collector.take(line) for _ in range(4)] == [True, True, True, False]
    assert (collector._queue_limit, collector._batch, collector._letters.dead_letters.limit) == (5, 4, 6)


def test_live_collection_keeps_so_many_bytes_on_disk_unless_the_network_sends_again(
    stream: PostsQueue, set_to: pytest.MonkeyPatch, topic: Topic, tmp_path: Path
) -> None:
    set_to.setenv("PULSO_REDIS_URL", redis_url(load_settings()))  # its login is kept in the home
    set_to.setenv("PULSO_HOME", str(tmp_path))

    def buffer(source: str, limit: str) -> Buffer:
        set_to.setenv("PULSO_LIVE_SPILL_BYTES", limit)
        return make_collector(load_settings(), topic, source, Clock()).buffer

    kept = buffer("x", "70000")
    assert isinstance(kept, SpillingBuffer)
    assert kept._spill._limit == 70_000
    assert type(buffer("bluesky", "70000")) is Buffer
    assert type(buffer("x", "0")) is Buffer
    kept.open()
    assert isinstance(buffer("x", "0"), SpillingBuffer), "what is left in the file is still queued"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKER_READ", "0"),
        ("WORKER_CLAIM_IDLE", "0"),
        ("WORKER_CHANGES_LIMIT", "none"),
        ("WRITE_BATCH_BYTES", str(51 * 1024)),
        ("WRITE_IN_FLIGHT", "0"),
        ("QUEUE_LIMIT", "-1"),
        ("LIVE_QUEUE_LIMIT", "1.5"),
        ("LIVE_BUFFER_BYTES", "64"),
        ("LIVE_SPILL_BYTES", "-1"),
        ("PUBLISH_BATCH", "0"),
        ("DEAD_LETTERS_LIMIT", "0"),
    ],
)
def test_a_senseless_limit_is_refused_at_the_start(set_to: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert getattr(DEFAULTS, name.lower()) > 0
    set_to.setenv(f"PULSO_{name}", value)
    with pytest.raises(WrongUse, match=f"bad value for PULSO_{name}"):
        load_settings()
