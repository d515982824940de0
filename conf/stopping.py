"""How long-running commands learn that their user wants them to stop."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from conf.errors import Stopped, Terminated, tell


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

    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stops_told_from_here() -> None:
    """Lets Ctrl-C and SIGTERM end this process with one line from here on, whatever it imports or does.

    For a program that imports others' modules first, which takes a second. Until it catches these itself, as
    `exit_code_of` does, the process ends by the signal, as shells expect.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
        sys.excepthook = _told


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def _told(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if not isinstance(error, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    number = signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT
    signal.signal(number, signal.SIG_DFL)
    tell(Stopped("stopped"))
    os.kill(os.getpid(), number)
