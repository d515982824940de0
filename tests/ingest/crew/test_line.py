"""A member's line to its supervisor."""

import os
import threading

from conf.errors import StoreDown, WrongUse
from ingest.crew.line import Line, Report, report_of


def test_a_member_never_waits_for_a_supervisor_that_reads_nothing() -> None:
    read, write = os.pipe()
    line = Line(up=write, clock=iter(range(1_000_000)).__next__)
    for _ in range(20_000):
        line.tell({"stored": 12_345})
    assert len(os.read(read, 1 << 20)) <= 1 << 20
    os.close(read)
    line.tell({"stored": 1})  # and not for one that is gone, either
    os.close(write)


def test_the_end_of_the_line_stops_the_member() -> None:
    read, write = os.pipe()
    _, up = os.pipe()
    gone = threading.Event()
    Line(read, up).on_end(gone.set)
    assert not gone.wait(0.05)
    os.close(write)
    assert gone.wait(10)


def test_what_is_told_is_what_the_supervisor_reads() -> None:
    read, write = os.pipe()
    line = Line(up=write)
    line.end({"stored": 3}, drained=True)
    line.fail({"dead": 1}, WrongUse("wrong", "do so"))
    line.fail({}, StoreDown("down"))
    first, second, third = (report_of(told) for told in os.read(read, 4096).splitlines())
    assert first == Report({"stored": 3}, drained=True)
    assert second == Report({"dead": 1}, False, "wrong", "do so", 2)
    assert third
    assert third.passing
