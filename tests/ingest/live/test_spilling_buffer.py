"""A buffer with a file on disk is a longer queue: the same order, nothing twice, also after its process has died."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.live.buffer import Closed, Event, Line, Lost, Opened, Outdated, Shed, Shedding
from ingest.live.left import Left
from ingest.live.spill import FIRST, Spill
from ingest.live.spilling_buffer import TRY_AGAIN, UNREADABLE, SpillingBuffer

LIMIT = 1_000
"""Bytes in memory."""


class Opening:
    """Buffers that are closed at the end of a test."""

    def __init__(self) -> None:
        self.buffers: list[SpillingBuffer] = []
        self.now = 0.0
        self.left: Left | None = None

    def __call__(
        self,
        path: Path,
        spill_bytes: int = 10_000_000,
        queued: tuple[str, int] = ("", 0),
        through_us: int | None = None,
        spill: type[Spill] = Spill,
    ) -> tuple[SpillingBuffer, int | None]:
        buffer = SpillingBuffer(LIMIT, spill(path, spill_bytes), clock=lambda: self.now)
        buffer.open()
        self.buffers.append(buffer)
        self.left = buffer.recover(queued, through_us)
        return buffer, self.left.last_us if self.left else None

    def close(self) -> None:
        for buffer in self.buffers:
            buffer.close()


@pytest.fixture
def opening() -> Iterator[Opening]:
    opening = Opening()
    yield opening
    opening.close()


def fill(buffer: SpillingBuffer, count: int, start: int = 0, size: int = 100) -> list[Line]:
    """Adds lines; waits for the disk after each, so that the memory is never full unless the file takes no more."""
    lines = [Line(start + n, b"%*d" % (size, start + n)) for n in range(count)]
    for line in lines:
        buffer.put_line(line, playback=False)
        settle(buffer)
    return lines


def settle(buffer: SpillingBuffer) -> None:
    """Waits until the writing thread has nothing to do."""
    until = time.monotonic() + 30
    with buffer._lock:
        while buffer._busy or buffer._is_due():
            assert time.monotonic() < until
            buffer._changed.wait(0.01)


def drain(buffer: SpillingBuffer, most: int = 7) -> list[Event]:
    """Takes all events, in small batches."""
    found: list[Event] = []
    while not buffer.is_empty:
        found += buffer.get(most, 0.01)[0]
    return found


def test_many_times_the_memory_comes_back_in_order_and_then_memory_is_used_again(
    opening: Opening, tmp_path: Path
) -> None:
    path = tmp_path / "q" / "t.x"
    buffer, _ = opening(path)
    lines: list[Event] = [*fill(buffer, 50)]
    buffer.put(Closed(50, "HTTP 503"))
    buffer.put(Opened(60))
    buffer.hear(70)
    settle(buffer)
    assert buffer.spilled > 3 * LIMIT
    assert buffer.size == 0, "all is on disk"
    assert buffer.get(9, 0) == (lines[:2], None), "a piece of the file"
    last = fill(buffer, 20, start=100)
    assert drain(buffer) == [*lines[2:], Closed(50, "HTTP 503"), Opened(60), *last]
    assert buffer.get(1, 0) == ([], 119)
    assert path.stat().st_size == FIRST
    assert fill(buffer, 3, start=200) == buffer.get(9, 0)[0]
    assert path.stat().st_size == FIRST, "little is kept in memory"


def test_what_exceeds_the_file_waits_in_memory_and_what_exceeds_that_is_shed_and_counted(
    opening: Opening, tmp_path: Path
) -> None:
    buffer, _ = opening(tmp_path / "q" / "t.x", spill_bytes=3_000)
    lines = fill(buffer, 60)
    found = drain(buffer)
    fill(buffer, 1, start=500)
    found += drain(buffer)
    kept = [event for event in found if isinstance(event, Line)]
    [begin], [end] = ([e for e in found if isinstance(e, kind)] for kind in (Shedding, Shed))
    assert isinstance(end, Shed)
    assert kept == [*lines[: len(kept) - 1], Line(500, b"%100d" % 500)]
    assert 25 <= len(kept) <= 40, "three thousand bytes on disk, a thousand in memory"
    assert begin == Shedding(len(kept) - 1)
    assert len(kept) + end.lines == 61
    assert drain(buffer) == []
    more = fill(buffer, 20, start=600)
    assert buffer.spilled > 0, "the file is used again"
    assert drain(buffer) == more


class Failing(Spill):
    """A file on a disk that is full from the second write on, until told."""

    writes = 0
    is_full = True

    def append(self, first: int, events: list[Event]) -> bool:  # type: ignore[override]
        self.writes += 1
        if self.writes > 1 and self.is_full:
            raise OSError(28, "No space left on device")
        return super().append(first, events)


def test_a_full_disk_is_told_once_and_costs_no_more_than_what_finds_no_room_in_memory(
    opening: Opening, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    buffer, _ = opening(tmp_path / "q" / "t.x", spill=Failing)
    lines = fill(buffer, 30)
    opening.now += TRY_AGAIN
    buffer.put(Opened(30))
    settle(buffer)
    found = drain(buffer)
    kept = [event for event in found if isinstance(event, Line)]
    assert kept == lines[: len(kept)]
    assert 10 <= len(kept) <= 20
    [shedding] = [event for event in found if isinstance(event, Shedding)]
    assert shedding.at_us == len(kept)
    assert found[-1] == Opened(30)
    out = capsys.readouterr()
    assert (out.out + out.err).count("no more messages go to disk") == 1
    spill = buffer._spill
    assert isinstance(spill, Failing)
    spill.is_full = False
    opening.now += TRY_AGAIN
    more = fill(buffer, 30, start=100)
    assert buffer.spilled > 0
    assert [event for event in drain(buffer) if isinstance(event, Line)] == more


def test_messages_that_cannot_be_read_back_are_a_gap_and_the_next_ones_come(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "q" / "t.x"
    buffer, _ = opening(path)
    lines = fill(buffer, 20)
    assert buffer.get(9, 0)[0] == lines[:2]
    with path.open("r+b") as file:
        file.seek(FIRST + 10 * (path.stat().st_size - FIRST) // 20 + 50)
        file.write(b"damaged")
    found = [*lines[:2], *drain(buffer)]
    assert found == [*lines[:10], Lost(9, 19, UNREADABLE, None)]
    few = fill(buffer, 3, start=100)
    assert buffer.get(9, 0)[0] == few
    assert buffer.position[1] == 23, "numbers go on as if nothing had been lost"
    last = fill(buffer, 20, start=200)
    assert drain(buffer) == last


def test_what_a_dead_process_left_comes_first_without_what_was_queued(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "q" / "t.x"
    first, _ = opening(path)
    lines = fill(first, 50)
    taken = [*first.get(4, 0)[0], *first.get(4, 0)[0]]
    queued = first.position
    first.get(4, 0)  # taken, and never queued
    settle(first)
    left = tmp_path / "left" / "t.x"
    left.parent.mkdir()
    shutil.copy(path, left)
    second, left_us = opening(left, queued=queued, through_us=7)
    assert left_us == 49
    second.put(Closed(49, "the collector died", died=True))
    new = fill(second, 5, start=100)
    assert [*taken, *drain(second)] == [*lines, Closed(49, "the collector died", died=True), *new]
    third, left_us = opening(tmp_path / "none" / "t.x", queued=second.position, through_us=104)
    assert left_us is None
    assert drain(third) == []


def test_numbers_go_on_where_the_file_or_the_queue_ended(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "q" / "t.x"
    spill = Spill(path, 10_000)
    spill.open()
    spill.append(5, [Line(n, b"x") for n in range(5, 10)])
    spill.close()
    first, _ = opening(path, queued=("another", 3))
    assert drain(first) == [Line(n, b"x") for n in range(5, 10)]
    assert first.position[1] == 9
    lines = fill(first, 20)
    settle(first)
    queued = (first.position[0], 60)  # the end of the file was lost, and what was in it is queued
    first.close()
    second, left_us = opening(path, queued=queued)
    assert left_us is None
    assert lines
    more = fill(second, 20)
    assert drain(second) == more
    assert second.position[1] == 80


def test_a_dead_process_that_another_one_replaced_says_nothing_of_gaps(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "q" / "t.x"
    first, _ = opening(path)
    first.put(Closed(3, "HTTP 503"))
    first.put(Opened(5))
    lines = fill(first, 50, start=10)
    settle(first)
    first.close()
    second, left_us = opening(path, queued=("another", 9), through_us=1_000)
    assert left_us == 1_000, "the other one had come that far"
    assert drain(second) == [Outdated(3), Outdated(5), *lines]


def test_a_stop_keeps_everything_on_disk(opening: Opening, tmp_path: Path) -> None:
    path = tmp_path / "q" / "t.x"
    first, _ = opening(path)
    lines = fill(first, 4)
    assert first.get(2, 0)[0] == lines[:2]
    assert path.stat().st_size == FIRST
    kept = first.keep()
    assert kept is not None
    assert str(path) in kept
    first.close()
    second, left_us = opening(path)
    assert left_us == 3
    assert drain(second) == lines, "also what was taken, and may not be queued"


def test_a_folder_that_cannot_be_made_leaves_the_memory(opening: Opening, tmp_path: Path) -> None:
    (tmp_path / "q").write_text("a file where the folder should be")
    buffer, left_us = opening(tmp_path / "q" / "s" / "t.x")
    assert left_us is None
    lines = fill(buffer, 30)
    found = drain(buffer)
    assert found[:10] == lines[:10]
    assert isinstance(found[10], Shedding)
    assert buffer.keep() is None


@given(
    st.lists(st.one_of(st.integers(1, 400), st.just(0), st.integers(-30, -1)), min_size=1, max_size=60),
    st.integers(0, 4_000),
)
def test_whatever_is_added_and_taken_nothing_is_lost_unless_counted_nothing_is_twice_and_all_is_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], spill_bytes: int
) -> None:
    """A step above 0 adds a line of that length, 0 adds another event, and one below 0 takes so many events."""
    opening = Opening()
    path = tmp_path_factory.mktemp("spill") / "q" / "t.x"
    buffer, _ = opening(path, spill_bytes)
    added, found = list[Event](), list[Event]()
    for number, step in enumerate(steps):
        if step < 0:
            found += buffer.get(-step, 0)[0]
        elif step == 0:
            added.append(Opened(number))
            buffer.put(added[-1])
        else:
            line = Line(number, b"x" * step)
            if buffer.put_line(line, playback=False):
                added.append(line)
        assert buffer.size <= 2 * LIMIT + 400
    dead = path.parent / "dead.x"
    settle(buffer)
    with buffer._lock:
        shutil.copy(path, dead)
        position, in_memory = buffer.position, len(buffer._behind) if buffer._spilling else 0
        in_hand = len(buffer._in_hand)
        was_spilling = buffer._spilling
    after_death, _ = opening(dead, queued=(position[0], position[1] - in_hand))
    recovered = drain(after_death)
    told = len(found) - in_hand
    found += drain(buffer)
    opening.close()
    marks = (Shedding, Shed)
    assert [event for event in found if not isinstance(event, marks)] == added
    counted = sum(event.lines for event in found if isinstance(event, Shed)) + (buffer._shed or 0)
    assert len([event for event in added if isinstance(event, Line)]) + counted == sum(step > 0 for step in steps)
    if was_spilling:
        assert recovered == found[told : len(found) - in_memory], "all that was not queued, but what is in memory only"


def test_one_thread_adds_while_another_takes(opening: Opening, tmp_path: Path) -> None:
    buffer, _ = opening(tmp_path / "q" / "t.x")
    lines = [Line(n, b"%50d" % n) for n in range(20_000)]

    def add() -> None:
        for line in lines:
            while not buffer.put_line(line, playback=True):
                settle(buffer)

    adding = threading.Thread(target=add)
    adding.start()
    found: list[Event] = []
    while adding.is_alive() or not buffer.is_empty:
        found += buffer.get(100, 0.01)[0]
    assert found == lines
