"""The supervisor, with real processes in the place of workers: what it starts again, and what ends all."""

import signal
import sys
from collections.abc import Callable

import pytest

from conf.errors import PulsoError, WrongUse
from ingest.crew.crew import MOST_DEATHS, Crew

REPORT = 'import sys; print(\'{"done":{"stored":%d},"drained":%s}\')'
DRAINED = REPORT % (7, "true")
WAITS = "import sys; sys.stdin.read()"


class Hours:
    """A clock on which so many seconds pass between two looks."""

    def __init__(self, step: float) -> None:
        self._now, self._step = 0.0, step

    def __call__(self) -> float:
        self._now += self._step
        return self._now


def crew(*codes: str, on_change: Callable[[Crew], None] = lambda _: None, step: float = 10.0) -> Crew:
    """A crew whose members run Python code."""
    return Crew([[sys.executable, "-c", code] for code in codes], on_change, Hours(step))


def test_a_drain_ends_when_all_have_found_the_queue_empty_and_sums_what_they_did() -> None:
    members = crew(DRAINED, DRAINED, DRAINED)
    members.run(drain=True)
    assert members.done == {"stored": 21}
    assert members.drained


def test_what_a_member_prints_beside_its_reports_is_ignored() -> None:
    members = crew(f"print('hello'); print('{{\"done\": 5}}'); print('[1'); {DRAINED}")
    members.run(drain=True)
    assert members.done == {"stored": 7}


def test_a_member_that_always_dies_is_given_up_and_its_neighbour_goes_on() -> None:
    told: list[int] = []

    def look(members: Crew) -> None:
        told.append(members.working)
        if members.places[0].is_given_up:
            members.stop()

    members = crew("raise SystemExit(3)", WAITS, on_change=look, step=20.0)
    with pytest.raises(PulsoError, match=f"1 of 2 workers died {MOST_DEATHS} times in a row"):
        members.run()
    assert told[-1] == 0, "a process was left"


def test_a_member_that_has_lived_long_is_started_again_however_often_it_dies() -> None:
    members = crew("raise SystemExit(3)", step=100.0)
    deaths = iter(range(2 * MOST_DEATHS))
    members._on_change = lambda crew: crew.stop() if next(deaths, None) is None else None
    members.run()
    assert not members.places[0].is_given_up


def test_a_store_that_is_down_is_waited_for_however_long() -> None:
    code = 'print(\'{"what":"Cassandra does not answer","passing":true}\'); raise SystemExit(1)'
    ends = iter(range(6 * MOST_DEATHS))
    members = crew(code, on_change=lambda crew: crew.stop() if next(ends, None) is None else None, step=20.0)
    members.run()
    assert not members.places[0].is_given_up


def test_an_error_that_waiting_does_not_mend_ends_all_and_is_told_once() -> None:
    code = 'print(\'{"what":"a table is missing","fix":"Run migrate","exit_code":2}\'); raise SystemExit(2)'
    members = crew(WAITS, code, WAITS)
    with pytest.raises(PulsoError, match=r"^a table is missing. Run migrate$") as raised:
        members.run()
    assert raised.value.exit_code == WrongUse.exit_code
    assert members.working == 0


def test_what_earlier_members_of_a_place_have_done_stays_counted() -> None:
    seen: list[int] = []

    def look(members: Crew) -> None:
        seen.append(members.done["stored"])
        if seen[-1] >= 10:
            members.stop()

    crew(REPORT % (5, "false"), on_change=look).run()
    assert seen == sorted(seen)


def test_nothing_is_started_after_a_stop_whatever_was_due() -> None:
    members = crew(WAITS, WAITS)
    members.stop()
    members.places[1].due = 0.0
    members.run()
    assert members.working == 0


def test_a_stop_ends_all_by_sigterm() -> None:
    ready = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('{}', flush=True); "
    before = signal.getsignal(signal.SIGTERM)
    members = crew(*[f"{ready}sys.stdin.read()"] * 3, on_change=lambda crew: crew.stop())
    members.run()
    assert members.working == 0
    assert signal.getsignal(signal.SIGTERM) is before
