"""The parts of live collection by themselves: buffer, gaps, archive, lease, and a collector before a full Redis."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
import redis
import zstandard

from conf.errors import PulsoError
from conf.instants import instant, micros
from conf.settings import Settings
from conf.topic import Topic
from ingest.live.archive import TRY_AGAIN, Archive
from ingest.live.buffer import Buffer, Line, Opened, Shed, Shedding
from ingest.live.collector import Collector
from ingest.live.gap_keeper import CONNECTION, SHEDDING, GapKeeper
from ingest.live.letters import LETTERS_A_MINUTE
from ingest.live.matching import TopicMatcher
from ingest.live.selection import Selection
from ingest.live.state import Lease, read_states
from ingest.queue.notes import GAP, Gap, parse_note
from ingest.queue.posts_queue import GROUP, PostsQueue
from ingest.replay.captures import open_captures
from ingest.sources.base import Clock
from tests.support.posts import stream_line, tweet

AT = datetime(2026, 5, 25, 14, 59, 59, tzinfo=UTC)


class TestBuffer:
    def test_gives_what_was_put_in_order_and_says_when_nothing_is_left(self) -> None:
        buffer = Buffer()
        buffer.put(Opened(1))
        for line in (Line(2, b"a"), Line(3, b"b")):
            buffer.put_line(line, playback=False)
        assert buffer.get(2, 0) == ([Opened(1), Line(2, b"a")], None)
        assert buffer.get(2, 0) == ([Line(3, b"b")], 3)
        buffer.hear(9)
        assert buffer.get(2, 0) == ([], 9)

    def test_sheds_the_newest_and_counts_it_until_half_is_free(self) -> None:
        buffer = Buffer(limit_bytes=10)
        taken = [buffer.put_line(Line(i, b"xxx"), playback=False) for i in range(6)]
        assert taken == [True, True, True, False, False, False]
        assert buffer.size == 9
        assert buffer.get(1, 0)[0] == [Line(0, b"xxx")]
        assert not buffer.put_line(Line(6, b"xxx"), playback=False), "less than half is free"
        assert buffer.get(1, 0)[0] == [Line(1, b"xxx")]
        assert buffer.put_line(Line(7, b"xxx"), playback=False)
        assert buffer.get(9, 0)[0] == [Line(2, b"xxx"), Shedding(3), Shed(7, 4), Line(7, b"xxx")]

    def test_what_can_be_played_back_is_refused_and_not_counted(self) -> None:
        buffer = Buffer(limit_bytes=4)
        assert [buffer.put_line(Line(i, b"xxx"), playback=True) for i in range(3)] == [True, False, False]
        assert buffer.get(9, 0) == ([Line(0, b"xxx")], 0)
        assert buffer.put_line(Line(1, b"xxxxx"), playback=True), "it would be refused for ever"
        assert not buffer.put_line(Line(2, b"x"), playback=True)


class TestGapKeeper:
    def at(self, seconds: int) -> int:
        return micros(AT) + seconds * 1_000_000

    def rows(self, gaps: Iterator[Gap]) -> list[tuple[int, int | None, str, int | None]]:
        def seconds(at: datetime) -> int:
            return round((at - AT).total_seconds())

        return [(seconds(g.start), None if g.end is None else seconds(g.end), g.reason, g.lost) for g in gaps]

    def test_one_row_from_the_last_sign_of_life_to_the_next(self) -> None:
        keeper = GapKeeper()
        assert self.rows(keeper.begin(CONNECTION, self.at(1), "HTTP 503")) == [(1, None, "HTTP 503", None)]
        assert self.rows(keeper.begin(CONNECTION, self.at(2), "HTTP 503")) == []
        assert self.rows(keeper.end(CONNECTION, self.at(9))) == [(1, 9, "HTTP 503", None)]
        assert self.rows(keeper.end(CONNECTION, self.at(10))) == []

    def test_two_causes_are_one_gap_that_ends_with_the_last(self) -> None:
        keeper = GapKeeper()
        rows = [
            *self.rows(keeper.begin(SHEDDING, self.at(1), "shedding")),
            *self.rows(keeper.begin(CONNECTION, self.at(5), "HTTP 503")),
            *self.rows(keeper.end(SHEDDING, self.at(7), 40)),
            *self.rows(keeper.end(CONNECTION, self.at(9))),
        ]
        both = "shedding; HTTP 503"
        assert rows == [(1, None, "shedding", None), (1, None, both, None), (1, 9, both, 40)]

    def test_playback_fills_a_gap_once_it_has_reached_the_present(self) -> None:
        keeper = GapKeeper()
        list(keeper.begin(CONNECTION, self.at(1), "died"))
        keeper.play_back(self.at(1), self.at(60))
        assert self.rows(keeper.reached(self.at(59))) == []
        assert self.rows(keeper.reached(self.at(60))) == [(1, 1, "died; filled by playback", None)]
        assert keeper.gap is None

    def test_playback_that_begins_late_ends_the_gap_there(self) -> None:
        keeper = GapKeeper()
        list(keeper.begin(CONNECTION, self.at(1), "died"))
        keeper.play_back(self.at(30), self.at(60))
        assert self.rows(keeper.reached(self.at(60))) == [(1, 30, "died", None)]

    def test_playback_that_breaks_off_leaves_a_gap_from_there(self) -> None:
        keeper = GapKeeper()
        list(keeper.begin(CONNECTION, self.at(1), "died"))
        keeper.play_back(self.at(1), self.at(60))
        rows = self.rows(keeper.begin(CONNECTION, self.at(20), "HTTP 503"))
        assert rows == [(1, 1, "died; filled by playback", None), (20, None, "HTTP 503", None)]


class TestArchive:
    def test_a_file_an_hour_that_can_be_replayed(self, tmp_path: Path) -> None:
        for _ in range(2):  # a second process within the hour
            archive = Archive(tmp_path, "t", "x")
            for second in (0, 1, 2):
                archive.add(micros(AT + timedelta(seconds=second)), f'{{"n":{second}}}'.encode())
            archive.close()
        assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o700, "raw posts are nobody else's on this machine"
        folder = tmp_path / "archive" / "t" / "x" / "2026-05-25"
        files = sorted(folder.iterdir())
        assert [file.name for file in files] == ["14-1.jsonl.zst", "14.jsonl.zst", "15-1.jsonl.zst", "15.jsonl.zst"]
        lines = {file.name: [line for c in open_captures([str(file)]) for _, line in c.documents()] for file in files}
        assert lines["14.jsonl.zst"] == [b'{"n":0}\n']
        assert lines["15.jsonl.zst"] == [b'{"n":1}\n', b'{"n":2}\n']

    def test_what_was_flushed_can_be_read_though_the_process_died(self, tmp_path: Path) -> None:
        archive = Archive(tmp_path, "t", "x")
        archive.add(micros(AT), b'{"kept":1}')
        archive.flush()
        left = tmp_path / "left.zst"
        shutil.copy(tmp_path / "archive/t/x/2026-05-25/14.jsonl.zst", left)
        archive.close()
        [capture] = open_captures([str(left)])
        assert [line for _, line in capture.documents()] == [b'{"kept":1}\n']
        assert "truncated" in capture.broken


def test_a_lease_is_one_process_s_at_a_time(queue: PostsQueue) -> None:
    first, second = (Lease(queue.client, queue.stream, "t", "x") for _ in range(2))
    first.take()
    with pytest.raises(PulsoError, match="t from x is collected already, by process"):
        second.take()
    first.release()
    second.take()
    with pytest.raises(PulsoError, match="another process collects t from x now"):
        first.renew()


@pytest.mark.parametrize(("began", "is_taken_over"), [("|1", True), ("", False)])
def test_a_lease_of_a_process_that_had_the_same_id_is_taken_over(
    queue: PostsQueue, began: str, is_taken_over: bool
) -> None:
    lease = Lease(queue.client, queue.stream, "t", "x")  # in a container that starts again, the first process is 1
    host, pid, name = lease._name.decode().split("|")[:3]
    queue.client.set(lease._key, f"{host}|{pid}|{name[::-1]}{began}")
    with nullcontext() if is_taken_over else pytest.raises(PulsoError, match="is collected already"):
        lease.take()


def test_a_lease_is_taken_when_redis_is_full(full: PostsQueue) -> None:
    full.client.config_set("maxmemory", 1)
    first, second = (Lease(full.client, full.stream, "t", "x") for _ in range(2))
    first.take()
    first.renew()
    with pytest.raises(PulsoError, match="t from x is collected already"):
        second.take()
    first.release()
    second.renew()


class Wall(Clock):
    """A clock that stands still until told."""

    at = AT

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def make_collector(queue: PostsQueue, topic: Topic) -> Callable[..., Collector]:
    selection = Selection(topic.topic, "x", TopicMatcher(topic))
    return lambda clock, **options: Collector(queue, selection, topic.topic, "x", clock, **options)


def noted(queue: PostsQueue) -> list[Gap]:
    """The gaps that are told of in the queue, the last word on each."""
    notes = [parse_note(m) for m in queue.read("reader", 10_000, 10) if m.format == GAP]
    gaps = [note for note in notes if isinstance(note, Gap)]
    return list({gap.start: gap for gap in gaps}.values())


def test_what_finds_no_room_is_one_gap_with_its_count_and_the_network_never_waits(
    make_collector: Callable[..., Collector], queue: PostsQueue
) -> None:
    clock = Wall()
    collector = make_collector(clock, limit_bytes=20_000, queue_limit=1)
    line = stream_line(tweet("1", text="x" * 900))
    collector.start()
    collector.opened()
    collector.take(line)
    until = time.monotonic() + 30
    while not queue.backlog() and time.monotonic() < until:  # from here on the queue is full
        time.sleep(0.01)
    slowest = 0.0
    for second in range(1, 200):
        clock.at = AT + timedelta(seconds=second)
        began = time.monotonic()
        collector.take(line)
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 0.5
    shed = 199 - collector.buffer.size // len(line)
    queue.client.xtrim(queue.stream, maxlen=0)
    while collector.buffer.size:
        queue.client.xtrim(queue.stream, maxlen=0)
        time.sleep(0.01)
    clock.at = AT + timedelta(seconds=300)
    collector.take(line)
    collector.finish()
    gap = next(gap for gap in noted(queue) if "shedding" in gap.reason)
    assert gap.end == AT + timedelta(seconds=300)
    assert gap.lost == collector.state.shed
    assert 0 < shed - 2 <= collector.state.shed <= shed
    assert collector.state.received + collector.state.shed == 201


def test_a_redis_that_is_away_is_waited_for_and_nothing_is_lost(
    make_collector: Callable[..., Collector], queue: PostsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = make_collector(Clock())
    collector.start()
    collector.opened()
    is_crowded, gone = queue.is_crowded, [redis.ConnectionError("gone")]
    monkeypatch.setattr(queue, "is_crowded", lambda: is_crowded() if not gone else _raise(gone.pop()))
    queue.client.client_pause(1500)  # Redis answers nobody for a while
    for i in range(100):
        assert collector.take(stream_line(tweet(str(i))))
    stopper = threading.Thread(target=collector.finish)
    stopper.start()
    stopper.join(timeout=30)
    assert not stopper.is_alive()
    assert (collector.failure, gone) == (None, []), "also of one that goes between an answer and the next question"
    assert sum(m.format == "x_v2" for m in queue.read("reader", 1000, 10)) == 100
    assert queue.client.xinfo_groups(queue.stream)[0]["name"].decode() == GROUP


def _raise(error: Exception) -> NoReturn:
    raise error


def test_who_comes_after_a_dead_one_opens_the_gap_where_that_one_had_come_to(
    make_collector: Callable[..., Collector], queue: PostsQueue
) -> None:
    clock = Wall()
    first = make_collector(clock)
    first.start()
    first.opened()
    clock.at = AT + timedelta(seconds=7)
    first.take(stream_line(tweet("1")))
    while first._queued_us != micros(clock.at):
        time.sleep(0.01)
    first._beat.lease.release()  # as if it had died: it says no more
    clock.at = AT + timedelta(seconds=60)
    second = make_collector(clock)
    second.start()
    second.opened()
    second.finish()
    died = next(gap for gap in noted(queue) if gap.reason == "the collector died")
    assert (died.start, died.end) == (AT + timedelta(seconds=7), clock.at)
    assert instant(second.state.gap_us) - instant(0) == timedelta(seconds=53)
    first._finishing.set()
    first._thread.join()


def test_an_archive_is_kept_where_the_topic_wants_one(
    make_collector: Callable[..., Collector], settings: Settings, tmp_path: Path, topic: Topic
) -> None:
    collector = make_collector(Wall(), archive=Archive(tmp_path, topic.topic, "x"))
    collector.start()
    collector.opened()
    lines = [stream_line(tweet(str(i))) for i in range(3)]
    for line in lines:
        collector.take(line)
    collector.finish()
    [capture] = open_captures([str(next((tmp_path / "archive").rglob("*.zst")))])
    assert [line.rstrip() for _, line in capture.documents()] == lines
    assert not capture.broken


def test_collection_goes_on_while_the_archive_cannot_be_written(
    make_collector: Callable[..., Collector], queue: PostsQueue, tmp_path: Path, topic: Topic
) -> None:
    (tmp_path / "archive").write_text("a file where the folder should be")
    seconds = [0.0]
    collector = make_collector(Wall(), archive=Archive(tmp_path, topic.topic, "x", clock=lambda: seconds[0]))
    collector.start()
    collector.opened()
    for i in range(3):
        collector.take(stream_line(tweet(str(i))))
    until = time.monotonic() + 30
    while collector.state.unarchived < 3 and time.monotonic() < until:
        time.sleep(0.01)
    (tmp_path / "archive").unlink()
    seconds[0] = TRY_AGAIN - 0.1
    collector.take(stream_line(tweet("3")))
    while collector.state.unarchived < 4 and time.monotonic() < until:
        time.sleep(0.01)
    seconds[0] = TRY_AGAIN + 0.1
    collector.take(stream_line(tweet("4")))
    collector.finish()
    assert collector.failure is None
    assert collector.state.accepted == 5
    assert collector.state.unarchived == 4
    assert sum(m.format == "x_v2" for m in queue.read("reader", 100, 10)) == 5
    [capture] = open_captures([str(next((tmp_path / "archive").rglob("*.zst")))])
    assert [line.rstrip() for _, line in capture.documents()] == [stream_line(tweet("4"))]


class Full:
    """A file on a disk that is full."""

    def write(self, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    flush = close = lambda _self: None


def test_what_a_full_disk_did_not_take_is_counted(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "t", "x")
    archive.add(micros(AT), b'{"kept":1}')
    archive.flush()
    archive._frame = zstandard.ZstdCompressor().stream_writer(Full())  # type: ignore[arg-type]
    for _ in range(3):
        archive.add(micros(AT), b"lost")
    archive.flush()
    archive.add(micros(AT), b"lost, too: the archive rests")
    assert archive.missed == 4
    [capture] = open_captures([str(next((tmp_path / "archive").rglob("*.zst")))])
    assert [line for _, line in capture.documents()] == [b'{"kept":1}\n']


@pytest.mark.parametrize("error", [PulsoError("no more"), ZeroDivisionError("a case that nobody thought of")])
def test_any_error_while_queueing_ends_the_collection_loudly_with_a_gap(
    make_collector: Callable[..., Collector], queue: PostsQueue, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    clock = Wall()
    collector = make_collector(clock)
    collector.start()
    collector.opened()
    collector.take(stream_line(tweet("1")))
    until = time.monotonic() + 30
    while collector._queued_us != micros(AT) and time.monotonic() < until:
        time.sleep(0.01)

    def fail(_line: bytes) -> None:
        raise error

    monkeypatch.setattr(collector._selection, "of", fail)
    clock.at = AT + timedelta(seconds=9)
    collector.take(stream_line(tweet("2")))
    assert clock.wait(30), "the source is told to stop"
    collector.finish()
    assert str(error) in str(collector.failure)
    [gap] = [gap for gap in noted(queue) if gap.reason == "the collector failed"]
    assert (gap.start, gap.end) == (AT, None)
    [state] = read_states(queue.client, queue.stream)
    assert state.through_us == micros(AT)
    assert state.gap is not None
    assert not state.up


def test_strangers_odd_posts_neither_end_a_collection_nor_fill_redis(queue: PostsQueue, topic: Topic) -> None:
    clock = Wall()
    few = PostsQueue(queue.client, queue.stream, dead_letters_limit=LETTERS_A_MINUTE + 20)
    selection = Selection(topic.topic, "bluesky", TopicMatcher(topic))
    collector = Collector(few, selection, topic.topic, "bluesky", clock)
    collector.start()
    collector.opened()
    for minute in range(3):
        clock.at = AT + timedelta(minutes=minute)
        for _ in range(100):
            assert collector.take(b'{"did": 5, "commit": {}}', at_us=micros(clock.at))
        until = time.monotonic() + 30
        while collector.state.refused < 100 * (minute + 1) and time.monotonic() < until:
            time.sleep(0.01)
    collector.finish()
    assert collector.failure is None
    assert collector.state.refused == 300
    assert LETTERS_A_MINUTE == 60
    assert queue.client.xlen(queue.dead) == 2 * LETTERS_A_MINUTE, "sampled; and none at all once the limit is reached"
