from tenacity import wait_exponential

from ingest.sources.back_off import BackOff


def test_waits_grow_until_a_reset() -> None:
    back_off = BackOff(wait_exponential(multiplier=3, max=10))
    assert [back_off.next() for _ in range(4)] == [3, 6, 10, 10]
    back_off.reset()
    assert back_off.next() == 3


def test_chance_takes_off_up_to_half() -> None:
    chances = iter([0.0, 0.5, 1.0])
    back_off = BackOff(wait_exponential(multiplier=8, max=8), jitter=lambda: next(chances))
    assert [back_off.next() for _ in range(3)] == [8, 6, 4]


def test_failures_without_end_are_no_trouble() -> None:
    back_off = BackOff(wait_exponential(multiplier=1, max=60))
    assert {back_off.next() for _ in range(5000)} == {1, 2, 4, 8, 16, 32, 60}
