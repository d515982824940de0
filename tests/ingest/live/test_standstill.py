"""A process that stood still says so: the time is a gap, though the buffered lines come with the time of waking."""

import os
import signal
import time
from datetime import UTC, datetime

import pytest

from conf.topic import Topic
from ingest.live.standstill import LONGEST_TICK, Standstill
from ingest.queue.notes import GAP, Gap, parse_note
from ingest.queue.posts_queue import PostsQueue
from ingest.sources.base import Clock
from tests.support.live import state_of, stop, streaming, wait_for
from tests.support.x_runs import line
from tests.support.x_server import TOKEN, XServer

STOPPED_SECONDS = 14.0


class Jumping(Clock):
    """A clock that a test sets."""

    seconds = 0.0
    looks = 0

    def elapsed(self) -> float:
        self.looks += 1
        return self.seconds

    def wait_for_looks(self) -> None:
        """Waits until somebody has looked at what it shows now, and has done what follows from it."""
        enough = self.looks + 3
        until = time.monotonic() + 30
        while self.looks < enough:
            assert time.monotonic() < until
            time.sleep(0.005)


@pytest.mark.parametrize(("seconds", "told"), [(9.9, []), (10.1, [10.1]), (3600.0, [3600.0])])
def test_only_a_look_that_comes_late_is_a_standstill(seconds: float, told: list[float]) -> None:
    clock, heard = Jumping(), list[float]()
    watch = Standstill(clock, heard.append, tick=0.01)
    watch.start()
    clock.wait_for_looks()
    clock.seconds = seconds
    clock.wait_for_looks()
    watch.stop()
    assert heard == told
    assert LONGEST_TICK == 10.0


def test_the_clock_runs_on_and_nobody_sets_it() -> None:
    clock = Clock()
    first = clock.elapsed()
    time.sleep(0.05)
    assert 0.05 <= clock.elapsed() - first < 5


def test_a_stopped_process_records_its_outage(
    stream: PostsQueue, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with XServer(heartbeat=0.5) as server:
        server.rules.have(("ana", f"pulso:{topic.topic}"))
        monkeypatch.setenv("PULSO_X_API", server.address)
        monkeypatch.setenv("X_BEARER_TOKEN", TOKEN)
        with streaming(topic.topic, "x") as process:
            wait_for(lambda: bool(server.connects), "a connection", process)
            server.send(line("1", f"pulso:{topic.topic}"))
            wait_for(lambda: _accepted(stream, topic.topic) == 1, "the first post", process)
            began = datetime.now(UTC)
            os.kill(process.pid, signal.SIGSTOP)
            server.send(line("2", f"pulso:{topic.topic}"))
            time.sleep(STOPPED_SECONDS)
            os.kill(process.pid, signal.SIGCONT)
            woke = datetime.now(UTC)
            wait_for(lambda: _accepted(stream, topic.topic) == 2, "the post that waited", process)
            time.sleep(2)
            stop(process)
    [gap] = [gap for gap in _gaps(stream) if gap.reason == "the collector stood still"]
    assert gap.end is not None
    assert abs((gap.start - began).total_seconds()) < 2.5
    assert abs((gap.end - woke).total_seconds()) < 2.5


def _accepted(queue: PostsQueue, topic: str) -> int:
    state = state_of(queue, topic)
    return state.accepted if state else 0


def _gaps(queue: PostsQueue) -> list[Gap]:
    notes = [parse_note(m) for m in queue.read("reader", 10_000, 10) if m.format == GAP]
    return [note for note in notes if isinstance(note, Gap)]
