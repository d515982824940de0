import pytest

from conf.instants import micros
from conf.settings import load_settings
from ingest.sources.bluesky.stream import REWIND_US, STEADY, Bluesky
from tests.support.jetstream_server import JetstreamServer
from tests.support.ports import LOCAL, free_port
from tests.support.source_doubles import NOW, FakeClock, Notes


def test_the_next_host_comes_at_once_then_after_waits_that_double_to_a_minute() -> None:
    clock, notes = FakeClock(10), Notes()
    nobody = f"ws://{LOCAL}:{free_port()}"
    Bluesky(load_settings(bluesky_hosts=f"{nobody},{nobody}"), clock).run(notes)
    assert clock.waits == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert notes.turns() == ["closed"] * 10


class Reached(Notes):
    """A sink that had come somewhere already, so that hosts play back."""

    def reached_us(self) -> int:
        return REWIND_US


class Passing(FakeClock):
    """A clock on which a connection lasts some seconds each time that it is looked at."""

    def __init__(self, most_waits: int, seconds: float) -> None:
        super().__init__(most_waits)
        self._seconds = seconds

    def elapsed(self) -> float:
        self._passed += self._seconds
        return self._passed


@pytest.mark.parametrize(("seconds", "waits"), [(STEADY, [0, 1, 0, 1, 2]), (0.0, [0, 1, 2, 4, 8])])
def test_waits_begin_anew_after_a_host_that_sent_something_for_a_while(seconds: float, waits: list[int]) -> None:
    clock, notes = Passing(5, seconds), Reached()
    nobody = f"ws://{LOCAL}:{free_port()}"
    with JetstreamServer(faults=[("drop", 1)]) as server:
        server.add(b'{"time_us":1}', b'{"time_us":2}')
        Bluesky(load_settings(bluesky_hosts=f"{nobody},{nobody},{server.address},{nobody},{nobody}"), clock).run(notes)
    assert clock.waits == waits
    assert STEADY == 10.0


class Timed(Reached):
    """The same, which keeps the times of messages."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[int | None] = []

    def take(self, line: bytes, at_us: int | None = None) -> bool:
        self.times.append(at_us)
        return super().take(line, at_us)


def test_no_clock_of_a_host_ends_the_collection_and_a_time_of_0_is_none() -> None:
    notes = Timed()
    with JetstreamServer(faults=[("drop", 2)]) as server:
        server.add(b'{"time_us":9999999999999999999}', b'{"time_us":0}')
        Bluesky(load_settings(bluesky_hosts=server.address), FakeClock(1)).run(notes)
    assert notes.since == [NOW], "none is later than now"
    assert notes.times == [micros(NOW), REWIND_US]


def test_a_record_that_json_makes_six_times_as_long_ends_no_connection() -> None:
    large, notes = b'{"time_us":1,"x":"%b"}' % (b"\\u0001" * 1024 * 1024), Timed()
    with JetstreamServer(faults=[("drop", 2)]) as server:
        server.add(large, b'{"time_us":2}')
        Bluesky(load_settings(bluesky_hosts=server.address), FakeClock(1)).run(notes)
        assert int(server.asked[0][1]["maxMessageSizeBytes"][0]) > len(large)
    assert notes.times == [1, 2]
