"""What a dead collector left on disk, together with the record of the collection, its gaps and its clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from conf.instants import instant, micros
from conf.topic import Topic
from ingest.live.buffer import Closed, Event, Line, Opened, Position, Resumed, SetBack
from ingest.live.collector import Collector
from ingest.live.left import Left
from ingest.live.matching import TopicMatcher
from ingest.live.selection import Selection
from ingest.live.spill import Spill
from ingest.live.state import LiveKeys, read_states
from ingest.queue.notes import GAP, THROUGH, Gap, Through, parse_note
from ingest.queue.posts_queue import PostsQueue
from ingest.sources.base import Clock
from tests.support.posts import stream_line, tweet

AT = datetime(2026, 5, 25, 14, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def us(seconds: float) -> int:
    return micros(at(seconds))


def post(number: int, seconds: float) -> Line:
    return Line(us(seconds), stream_line(tweet(str(number))))


class Wall(Clock):
    """A clock that stands still until told."""

    at = at(1000)

    def now(self) -> datetime:
        return self.at


class Running:
    """Collectors of one topic, with one file on disk."""

    def __init__(self, queue: PostsQueue, topic: Topic, path: Path) -> None:
        self.queue, self.topic, self.path = queue, topic, path
        self.clock = Wall()
        self.position: Position = ("", 0)

    def leave(self, *events: Event, first: int = 1) -> Position:
        """Leaves events in the file, as a process that was killed; returns the position of the first one."""
        spill = Spill(self.path, 10_000_000)
        spill.open()
        spill.append(first, events)
        spill.close()
        return spill.id, first

    def __call__(self, source: str = "x", **options: object) -> Collector:
        selection = Selection(self.topic.topic, source, TopicMatcher(self.topic))
        spill = Spill(self.path, 10_000_000)
        made: Callable[..., Collector] = Collector
        collector = made(self.queue, selection, self.topic.topic, source, self.clock, spill=spill, **options)
        collector._clock_watch._standstill._tick = 3600  # tests set the clock to let time pass
        return collector

    def a_run_before(self, source: str = "x") -> None:
        """Lets a first run collect until the second 10, and die; what it had taken is queued."""
        self.clock.at = at(10)
        collector = self(source)
        collector.start()
        collector.opened()
        collector.take(post(0, 10).line)
        wait_until(lambda: collector._queued_us == us(10))
        self.position = collector.state.queued
        collector._finishing.set()  # its thread says no more than that it is up
        collector._thread.join()
        collector._clock_watch.stop()
        collector.buffer.close()
        collector._beat.lease.release()
        self.clock.at = at(1000)

    def knows(self, queued: Position) -> None:
        """Lets the state in Redis name what of the file is queued."""
        [state] = read_states(self.queue.client, self.queue.stream)
        state.queued = queued
        name = f"{state.topic}|{state.source}"
        self.queue.add((), [(LiveKeys(self.queue.stream).states, name, msgspec.json.encode(state))])

    def empty_redis(self) -> None:
        for key in self.queue.client.keys(f"{self.queue.stream}*"):
            self.queue.client.delete(key)
        self.queue.ensure_group()

    def told(self) -> tuple[list[tuple[datetime, datetime | None, bool]], list[Gap | Through], int]:
        """What is in the queue: the last word on each gap, all notes, and the number of posts."""
        messages = self.queue.read("reader", 10_000, 10)
        notes = [parse_note(m) for m in messages if m.format in (GAP, THROUGH)]
        last = {note.start: note for note in notes if isinstance(note, Gap)}
        gaps = [(gap.start, gap.end, gap.first) for gap in last.values()]
        return sorted(gaps, key=lambda gap: gap[0]), notes, sum(m.format == "x_v2" for m in messages)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def running(queue: PostsQueue, topic: Topic, tmp_path: Path) -> Running:
    return Running(queue, topic, tmp_path / "spill" / "q" / "t.x")


def test_a_redis_without_a_record_has_a_gap_that_ends_where_the_messages_on_disk_begin(running: Running) -> None:
    running.leave(post(1, 1), post(2, 2), Closed(us(3), "HTTP 503"), Opened(us(5)), post(3, 6))
    collector = running()
    collector.start()
    assert collector.missed_since() == at(6)
    collector.opened()
    collector.finish()
    gaps, notes, posts = running.told()
    assert posts == 3
    assert gaps == [(at(1), at(1), True), (at(3), at(5), False), (at(6), at(1000), False), (at(1000), None, False)]
    marks = [note.mark for note in notes]
    assert [mark.number for mark in marks if mark] == list(range(1, len(notes) + 1))
    assert len({mark.record for mark in marks if mark}) == 1


def test_if_the_connection_was_not_up_at_the_first_event_that_gap_lasts_and_no_note_moves_its_start(
    running: Running,
) -> None:
    running.leave(Closed(us(1), "HTTP 503"), post(1, 2))
    collector = running()
    collector.start()
    wait_until(lambda: collector._queued_us == us(2))
    collector.finish()
    gaps, notes, posts = running.told()
    assert posts == 1
    assert gaps == [(at(1), None, True)]
    assert [note for note in notes if isinstance(note, Through)] == []


def test_what_is_queued_already_does_not_come_again_and_notes_are_numbered_on(running: Running) -> None:
    running.a_run_before()
    before = running.told()[1]
    spilled = running.leave(post(1, 10), post(2, 11), post(3, 12))
    running.knows((spilled[0], 1))
    collector = running()
    collector.start()
    collector.opened()
    collector.finish()
    gaps, notes, posts = running.told()
    assert posts == 2
    assert gaps == [(at(12), at(1000), False), (at(1000), None, False)]
    assert [n.mark.number for n in (*before, *notes) if n.mark] == list(range(1, len(before) + len(notes) + 1))
    assert collector.state.queued[0] == spilled[0]


def test_a_clock_that_was_set_back_is_no_sign_of_another_process(running: Running) -> None:
    running.a_run_before()
    ago = -3600
    spilled = running.leave(
        post(0, 10), post(1, 11), SetBack(us(ago)), post(2, ago + 1), Closed(us(ago + 2), "cut"), Opened(us(ago + 5))
    )
    running.knows((spilled[0], 1))
    running.clock.at = at(ago + 60)
    collector = running()
    collector.start()
    collector.opened()
    wait_until(lambda: collector.state.connects == 3)
    running.clock.at = at(ago + 70)
    collector.heard()
    wait_until(lambda: collector._queued_us == us(ago + 70))
    collector.finish()
    gaps, notes, posts = running.told()
    assert posts == 3
    assert [(start, end) for start, end, first in gaps if not first] == [
        (at(ago + 2), at(ago + 5)),
        (at(ago + 5), at(ago + 60)),
        (at(ago + 70), None),
    ]
    assert [note.at for note in notes if isinstance(note, Through)][-1] == at(ago + 70)


@pytest.mark.parametrize("end", [[], [Closed(us(13), "cut"), Closed(us(13), "HTTP 503")]])
def test_mastodon_fills_from_where_the_messages_on_disk_end(running: Running, end: list[Event]) -> None:
    running.a_run_before("mastodon")
    spilled = running.leave(post(1, 10), post(2, 11), Closed(us(11), "cut"), Resumed(us(12), us(11)), post(3, 13), *end)
    running.knows((spilled[0], 1))
    collector = running("mastodon")
    collector.start()
    since = collector.missed_since()
    assert since == at(13)
    collector.resumed(since)
    wait_until(lambda: collector.state.connects == 3)
    running.clock.at = at(1010)
    collector.heard()
    wait_until(lambda: collector.state.gap is None and collector.state.through_us == us(1010))
    collector.finish()
    assert [(start, end) for start, end, _ in running.told()[0]][-2:] == [(at(13), at(13)), (at(1010), None)]


def test_an_outage_that_began_before_the_messages_on_disk_is_filled_from_its_start() -> None:
    left = Left()
    left.add([post(1, 20), post(2, 30)], first=True)
    assert left.missed_us(us(10)) == us(10), "the fill broke off"
    left.add([Opened(us(31)), post(3, 32)], first=False)
    assert left.missed_us(us(10)) == us(32)
    left.add([Closed(us(33), "cut"), Line(us(40), b"of a fill")], first=False)
    assert left.missed_us(us(10)) == us(33)
    left.replaced(us(50))
    assert left.missed_us(us(45)) == us(45)
    assert left.missed_us(None) == us(50)


def test_a_connection_of_the_dead_process_is_none_of_this_one(running: Running) -> None:
    running.leave(Opened(us(1)), post(1, 2), Closed(us(3), "cut"))
    collector = running()
    collector.start()
    collector.closed("HTTP 503")
    collector.finish()
    assert running.told()[2] == 1
    assert not collector.connected
    assert collector.trouble == "HTTP 503"


def test_a_redis_emptied_while_messages_wait_on_disk_loses_only_what_was_queued(running: Running) -> None:
    emptied = False

    def later(_: Collector) -> None:
        if emptied:
            running.clock.at = at(5000)  # the beat is due

    running.clock.at = at(0)
    collector = running(limit_bytes=20_000, queue_limit=2, batch=5, on_batch=later)
    collector.start()
    collector.opened()
    for second in range(1, 101):
        running.clock.at = at(second)
        collector.take(post(second, second).line)
        time.sleep(0.01)
    wait_until(lambda: collector.buffer.spilled > 0)
    wait_until(lambda: running.queue.backlog() >= 2 and collector._queued_us == collector.state.through_us)
    queued = collector._queued_us
    emptied = True
    running.empty_redis()
    gaps, posts = list[Gap](), 0
    while (collector._queued_us or 0) < us(100) or running.queue.backlog():
        messages = running.queue.read("reader", 1000, 10)
        notes = [parse_note(m) for m in messages if m.format == GAP]
        gaps += [note for note in notes if isinstance(note, Gap)]
        posts += sum(m.format == "x_v2" for m in messages)
        running.queue.ack(messages, "stored")
    collector.finish()
    assert queued is not None
    assert [(gap.start, gap.end, gap.first) for gap in gaps] == [
        (instant(queued), None, True),
        (instant(queued), instant(queued), True),
    ]
    assert posts == 100 - (queued - us(0)) // 1_000_000
    assert collector.state.shed == 0
