"""How long-running commands learn that their user wants them to stop."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from conf.errors import Told


def asking_to_stop() -> list[signal.Signals]:
    """Returns the signals that ask a long-running command to stop: the end of its terminal is one, but for `nohup`."""
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Yields what is set by SIGTERM, Ctrl-C or the end of its terminal while the block runs.

    A second signal stops at once. What `nohup` starts outlives its terminal.
    """
    stopped = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = {number: signal.signal(number, note) for number in asking_to_stop()}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_as_by_ctrl_c() -> Iterator[None]:
    """Lets SIGTERM, and the end of its terminal, do what Ctrl-C does while the block runs.

    So a command that says what it has done when its user stops it says so, whoever stops it. What `nohup` starts
    outlives its terminal.
    """
    in_main = threading.current_thread() is threading.main_thread()  # no other thread may handle signals
    usual = [each for each in (signal.SIGTERM, signal.SIGHUP) if in_main and signal.getsignal(each) == signal.SIG_DFL]
    for number in usual:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in usual:
            signal.signal(number, signal.SIG_DFL)


def stops_told_from_here() -> None:
    """Lets Ctrl-C and SIGTERM end this process with one line from here on, whatever it imports or does.

    For a program that imports others' modules first, which takes a second. Where nothing catches Told, as
    `exit_code_of` does, the process ends by the signal, as shells expect. A signal that whoever started the process has
    it ignore, as shells do for `job &`, stays ignored.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, tell_stop)
    sys.excepthook = _end


def tell_stop(number: int, _frame: FrameType | None = None) -> None:
    """Tells at once that the process stops, and raises Told. The same signal once more ends it without a word."""
    signal.signal(number, signal.SIG_DFL)
    os.write(2, b"stopped\n")  # stderr itself may be in the middle of a write
    raise Told(number)


def _end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, Told):
        os.kill(os.getpid(), error.args[0])
    sys.__excepthook__(kind, error, traceback)
