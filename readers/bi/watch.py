"""The watchdog: asks Spark a short question now and then, and ends the server when no answer comes.

A server that takes connections and never answers is worse than one that is not there: nobody starts it again.
"""

import threading
from collections.abc import Callable

from conf.errors import PulsoError

PAUSE, PATIENCE = 15.0, 60.0
"""Seconds between two questions, and the longest that an answer may take."""


def watch(
    ask: Callable[[], object], stopped: threading.Event, pause: float = PAUSE, patience: float = PATIENCE
) -> None:
    """Returns once `stopped` is set. Raises PulsoError if an answer fails, or does not come."""
    while not stopped.wait(pause):
        _answered(ask, stopped, patience)


def _answered(ask: Callable[[], object], stopped: threading.Event, patience: float) -> None:
    done, failed = threading.Event(), list[BaseException]()

    def question() -> None:
        try:
            ask()
        except BaseException as error:  # told below, in the thread that watches
            failed.append(error)
        done.set()

    threading.Thread(target=question, daemon=True).start()  # it may never end
    answered = done.wait(patience)
    if stopped.is_set():
        return
    if not answered:
        raise PulsoError(f"Spark has not answered for {patience:.0f} s", "Run make bi again")
    if failed:
        raise PulsoError(f"Spark does not work any more ({type(failed[0]).__name__})", "Run make bi again")
