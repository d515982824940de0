from ingest.sources.x.errors import Kind, Unavailable
from ingest.sources.x.pace import BackOffs, ConnectLimit
from tests.support.source_doubles import NOW, FakeClock


def test_waits_grow_to_their_limits() -> None:
    back_offs = BackOffs(FakeClock(1))
    waits = [back_offs.seconds(Unavailable("gone", "network")) for _ in range(2000)]
    assert waits[:3] == [0.0, 0.25, 0.5]
    assert waits[64] == waits[-1] == 16.0


def test_each_kind_of_failure_grows_by_itself() -> None:
    back_offs = BackOffs(FakeClock(1))
    kinds: list[Kind] = ["http", "rate", "network", "http", "rate", "network"]
    assert [back_offs.seconds(Unavailable("gone", kind)) for kind in kinds] == [5, 60, 0, 10, 120, 0.25]
    back_offs.reset()
    assert [back_offs.seconds(Unavailable("gone", kind)) for kind in kinds[:3]] == [5, 60, 0]


def test_a_reset_more_than_a_day_ahead_is_none() -> None:
    day = 86_400
    for ahead, wait in ((day, day), (day + 1, 60)):
        reset = NOW.timestamp() + ahead
        assert BackOffs(FakeClock(1)).seconds(Unavailable("gone", "rate", reset)) == wait


def test_connects_are_counted_in_a_window_that_slides() -> None:
    clock = FakeClock(1000)
    limit = ConnectLimit(clock, most=2, seconds=100)
    for _ in range(4):
        limit.wait()
        clock.wait(30)
    assert clock.waits == [30, 30, 40, 30, 30]
