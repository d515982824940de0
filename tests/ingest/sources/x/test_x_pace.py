from ingest.sources.x.errors import Unavailable
from ingest.sources.x.pace import BackOff, ConnectLimit
from tests.support.source_doubles import FakeClock


def test_waits_grow_to_their_limits() -> None:
    back_off = BackOff(FakeClock(1))
    waits = [back_off.seconds(Unavailable("gone", "network")) for _ in range(2000)]
    assert waits[:3] == [0.0, 0.25, 0.5]
    assert waits[64] == waits[-1] == 16.0


def test_connects_are_counted_in_a_window_that_slides() -> None:
    clock = FakeClock(1000)
    limit = ConnectLimit(clock, most=2, seconds=100)
    for _ in range(4):
        limit.wait()
        clock.wait(30)
    assert clock.waits == [30, 30, 40, 30, 30]
