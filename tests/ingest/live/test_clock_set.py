"""A clock that is set while a collector runs: forward is a gap, back is no claim about times that are still to come."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from conf.instants import is_due, micros
from conf.topic import Topic
from ingest.live.clock_watch import SET_FORWARD
from ingest.live.collector import Collector
from ingest.live.matching import TopicMatcher
from ingest.live.selection import Selection
from ingest.live.standstill import SMALLEST_SET, Standstill
from ingest.queue.notes import GAP, Gap, Through, parse_note
from ingest.queue.posts_queue import PostsQueue
from ingest.sources.base import Clock
from tests.support.posts import stream_line, tweet

AT = datetime(2026, 5, 25, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Set(Clock):
    """A clock that a test sets; `seconds` is the time of the other clock, which nobody sets."""

    at, seconds = AT, 0.0

    def now(self) -> datetime:
        return self.at

    def elapsed(self) -> float:
        return self.seconds

    def go(self, seconds: float, set_by: float = 0.0) -> None:
        """Lets time pass, and sets the clock."""
        self.at, self.seconds = self.at + timedelta(seconds=seconds + set_by), self.seconds + seconds


@pytest.mark.parametrize(
    ("passed", "set_by", "told"),
    [(1.0, 3600.0, [3600.0]), (1.0, -3600.0, [-3600.0]), (60.0, 0.0, []), (1.0, 2.1, [2.1]), (1.0, -1.9, [])],
)
def test_the_clock_is_compared_with_one_that_nobody_sets(passed: float, set_by: float, told: list[float]) -> None:
    clock, heard, looked = Set(), list[float](), threading.Event()
    watch = Standstill(clock, lambda _: None, lambda seconds: heard.append(round(seconds, 3)), tick=0.01)
    watch.start()
    looked.wait(0.1)
    clock.go(passed, set_by)
    looked.wait(0.1)
    watch.stop()
    assert heard == told
    assert SMALLEST_SET == 2.0


@pytest.mark.parametrize(("last", "due"), [(None, True), (95, False), (90, True), (100, False), (101, True)])
def test_what_is_done_at_intervals_goes_on_after_the_clock_was_set_back(last: int | None, due: bool) -> None:
    assert is_due(last, 100, 10) == due


@pytest.fixture
def running(queue: PostsQueue, topic: Topic) -> Iterator[tuple[Collector, Set]]:
    """A collector of X, which is up, and its clock."""
    clock = Set()
    collector = Collector(queue, Selection(topic.topic, "x", TopicMatcher(topic)), topic.topic, "x", clock)
    collector.start()
    collector.opened()
    yield collector, clock
    collector.finish()


def told(queue: PostsQueue, collector: Collector) -> list[Gap | Through]:
    """Ends the collection; returns its notes, without the first one of each gap."""
    collector.finish()
    notes = [parse_note(m) for m in queue.read("reader", 1000, 10) if m.format in (GAP, "through")]
    return [note for note in notes if isinstance(note, Through) or (note.end is not None and not note.first)]


def take(collector: Collector, clock: Set, post_id: str) -> None:
    """Takes a post, and waits until it is queued."""
    collector.take(stream_line(tweet(post_id)))
    wait_until(lambda: collector._queued_us == micros(clock.at))


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_clock_set_forward_is_a_gap_over_the_times_that_it_left_out(
    queue: PostsQueue, running: tuple[Collector, Set]
) -> None:
    collector, clock = running
    take(collector, clock, "1")
    clock.go(1, set_by=3600)
    wait_until(lambda: collector.state.gaps == 1)
    [gap] = [note for note in told(queue, collector) if isinstance(note, Gap)]
    assert (gap.start, gap.end, gap.reason) == (clock.at - HOUR, clock.at, SET_FORWARD)


def test_a_clock_set_back_takes_back_what_was_told_of_times_to_come(
    queue: PostsQueue, running: tuple[Collector, Set]
) -> None:
    collector, clock = running
    take(collector, clock, "1")
    clock.go(1, set_by=-3600)
    wait_until(lambda: collector.state.through_us == micros(clock.at))
    clock.go(1)
    take(collector, clock, "2")
    notes = told(queue, collector)
    assert [note.at for note in notes if isinstance(note, Through)][-1] == clock.at
    assert [note for note in notes if isinstance(note, Gap)] == []
