"""The watchdog: it ends the server when Spark does not answer, and only then."""

import threading

import pytest

from conf.errors import PulsoError
from readers.bi.watch import watch


def test_it_goes_on_while_answers_come_until_it_is_told_to_stop() -> None:
    stopped, asked = threading.Event(), list[int]()

    def ask() -> None:
        asked.append(1)
        if len(asked) == 3:
            stopped.set()

    watch(ask, stopped, pause=0.001, patience=10)
    assert len(asked) == 3


def test_no_answer_ends_it_with_one_line() -> None:
    never = threading.Event()
    with pytest.raises(PulsoError, match=r"^Spark has not answered for 0 s\. Run make bi again$"):
        watch(never.wait, threading.Event(), pause=0.001, patience=0.05)
    never.set()


def test_a_failure_ends_it_with_one_line() -> None:
    def ask() -> None:
        raise ConnectionResetError

    with pytest.raises(PulsoError, match=r"does not work any more \(ConnectionResetError\)"):
        watch(ask, threading.Event(), pause=0.001, patience=10)
