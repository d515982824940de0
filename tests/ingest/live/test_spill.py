"""The file on disk for events that find no room in memory: what is cut off or damaged, its limit, its order."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from conf.errors import PulsoError
from ingest.live.buffer import Closed, Event, Line, Lost, Opened, Outdated, Resumed, SetBack, Shed, Shedding
from ingest.live.spill import FIRST, PIECE, Spill, spill_path

TIMES = st.integers(0, 2**62)
REASONS = st.text(max_size=20)
OF_EACH_KIND: dict[object, st.SearchStrategy[Event]] = {
    Line: st.builds(Line, TIMES, st.binary(max_size=300)),
    Opened: st.builds(Opened, TIMES),
    Resumed: st.builds(Resumed, TIMES, TIMES),
    Closed: st.builds(Closed, TIMES, REASONS, st.booleans()),
    Lost: st.builds(Lost, TIMES, TIMES, REASONS, st.none() | TIMES),
    SetBack: st.builds(SetBack, TIMES),
    Shedding: st.builds(Shedding, TIMES),
    Shed: st.builds(Shed, TIMES, TIMES),
    Outdated: st.builds(Outdated, TIMES),
}
EVENTS = st.one_of(*OF_EACH_KIND.values())
LIMIT = 10_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return spill_path(tmp_path, "pulso:posts", "t", "x")


def opened(path: Path, limit: int = LIMIT) -> Spill:
    spill = Spill(path, limit)
    spill.open()
    return spill


def read_all(spill: Spill, after: int = 0) -> Iterator[tuple[int, Event]]:
    while records := spill.read(after):
        yield from records


def test_an_event_of_each_kind_comes_back_as_it_was(path: Path) -> None:
    kinds = get_args(Event)
    assert set(OF_EACH_KIND) == set(kinds), "a kind of event that is not tried here"
    events = [find(OF_EACH_KIND[kind], lambda _: True) for kind in kinds]
    spill = opened(path)
    spill.append(1, events)
    spill.close()
    assert [event for _, event in read_all(opened(path))] == events


@given(st.lists(EVENTS, min_size=1, max_size=30), st.data())
def test_a_file_cut_at_any_byte_or_with_any_byte_changed_has_the_whole_records_before_that(
    tmp_path_factory: pytest.TempPathFactory, events: list[Event], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("spill") / "q" / "t.x"
    spill = opened(path)
    ends = [FIRST]
    for number, event in enumerate(events, 7):
        assert spill.append(number, [event])
        ends.append(path.stat().st_size)
    spill.close()
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1), "at")
    if data.draw(st.booleans(), "cut"):
        path.write_bytes(whole[:at])
    else:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255), "change")]) + whole[at + 1 :])
    size = path.stat().st_size
    again = Spill(path, LIMIT)
    damaged = again.open()
    expected = max((count for count, end in enumerate(ends) if end <= at), default=0)
    found = list(read_all(again))
    again.close()
    if at >= FIRST:  # else the file's own head is damaged: then its records may be gone, too
        assert found == list(enumerate(events, 7))[:expected]
        assert damaged == size - ends[expected]
        assert path.stat().st_size == ends[expected], "what is damaged is cut off"
    else:
        assert found in ([], list(enumerate(events, 7)))
    assert len(found) == again.last - 6 if found else again.last == 0


def test_records_come_in_order_also_ones_larger_than_a_piece_and_while_others_are_added(path: Path) -> None:
    spill = opened(path)
    lines = [Line(n, bytes([n % 256]) * (3 * PIECE if n == 2 else 50_000)) for n in range(1, 20)]
    assert spill.append(1, lines[:10])
    first = spill.read(0)
    assert spill.append(11, lines[10:])
    found = [*first, *read_all(spill)]
    assert found == list(enumerate(lines, 1))
    assert (spill.last, spill.last_us, spill.size) == (19, 19, 0)


def test_numbers_that_were_queued_are_not_read_again(path: Path) -> None:
    spill = opened(path)
    spill.append(5, [Line(n, b"x") for n in range(10)])
    assert [number for number, _ in read_all(spill, after=11)] == [12, 13, 14]


def test_it_takes_no_more_than_its_limit_until_it_is_cleared(path: Path) -> None:
    spill = opened(path, limit=1_000)
    assert spill.append(1, [Line(1, b"x" * 900)])
    before = path.read_bytes()
    assert not spill.append(2, [Line(2, b"x" * 900)])
    assert path.read_bytes() == before
    spill.clear()
    assert path.stat().st_size == FIRST
    assert spill.append(2, [Line(2, b"x" * 900)])
    assert list(read_all(spill)) == [(2, Line(2, b"x" * 900))]


def test_a_disk_that_takes_only_a_part_leaves_no_half_record(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spill = opened(path)
    spill.append(1, [Line(1, b"first")])
    before, write = path.read_bytes(), os.pwrite

    def full(file: int, data: memoryview, at: int) -> int:
        if len(data) > 10:
            return int(write(file, data[:10], at))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space left"):
        spill.append(2, [Line(2, b"x" * 15)])
    monkeypatch.undo()
    assert path.read_bytes() == before
    spill.append(2, [Line(2, b"second")])
    assert [event for _, event in read_all(spill)] == [Line(1, b"first"), Line(2, b"second")]


def test_only_its_owner_may_read_it_and_only_one_process_has_it_open(path: Path) -> None:
    spill = opened(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [folder.stat().st_mode & 0o777 for folder in (path.parent, path.parents[1])] == [0o700] * 2
    with pytest.raises(PulsoError, match=r"another process keeps messages in .*Stop it first"):
        Spill(path, LIMIT).open()
    spill.close()
    Spill(path, LIMIT).open()


def test_an_empty_file_has_a_new_id_and_one_with_records_keeps_its_own(path: Path) -> None:
    first = opened(path)
    first.append(1, [Line(1, b"x")])
    first.close()
    second = opened(path)
    assert second.id == first.id
    second.clear()
    second.close()
    assert opened(path).id != first.id, "its numbers begin anew, and a state may know the old ones"


def test_a_damaged_record_is_an_error_not_an_end(path: Path) -> None:
    spill = opened(path)
    spill.append(1, [Line(1, b"x" * 100)])
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"y")
    with pytest.raises(OSError, match="damaged"):
        spill.read(0)
    spill.skip()
    spill.append(2, [Line(2, b"good")])
    assert list(read_all(spill)) == [(2, Line(2, b"good"))]


def test_queues_topics_and_sources_have_files_of_their_own(tmp_path: Path) -> None:
    names = [("pulso:posts", "t", "x"), ("pulso:posts", "t", "mastodon"), ("a/../b", "t", "x")]
    paths = [spill_path(tmp_path, *name) for name in names]
    assert len(set(paths)) == 3
    assert {path.parents[1] for path in paths} == {tmp_path / "spill"}
