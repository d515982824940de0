"""Errors that a person can fix, and the one function that turns errors into a line and an exit code."""

import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conf.plain import printable

MOST_TEXT = 300
"""The most characters of an error that is told in one line."""
STOPPED = 130
"""The exit code of a command that its user has stopped, as shells have it: 128 and the number of SIGINT."""
_CAUSED_BY = re.compile(r"^\s*Caused by: (.+)$", re.MULTILINE)


class PulsoError(Exception):
    """An error that a person can fix: it says what is wrong and what to do. Exit code 1."""

    exit_code = 1

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what}. {fix}" if fix else what)
        self.what = what
        self.fix = fix


class WrongUse(PulsoError):
    """A wrong argument, setting or topic file. Exit code 2."""

    exit_code = 2


class StoreDown(PulsoError):
    """Cassandra or Redis does not answer. Exit code 1."""


class Stopped(PulsoError):
    """The user has stopped the command by Ctrl-C; the text says what was done until then. Exit code 130."""

    exit_code = STOPPED


class Told(KeyboardInterrupt):
    """A signal has stopped the command, and that was told at once. Exit code 128 and the signal's number, as shells."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def stops_told() -> Iterator[None]:
    """Ends the process with "stopped" and exit code 130 if the user stops it here, before or after its command runs.

    Importing what a command needs takes a second or two.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(tell(Stopped("stopped")))


def exit_code_of(command: Callable[[], object], *, verbose: bool = False) -> int:
    """Runs a command and returns its exit code; an error becomes one line on stderr.

    The code is 0 for success, the error's own for a PulsoError and for Told, 130 when the user stops the command, and 1
    for any other error: a defect in this code, or an unexpected fault. With `verbose`, the traceback is printed, too.
    If stdout is a pipe and its reader has ended, the code is 1 and nothing is printed.
    """
    try:
        command()
    except KeyboardInterrupt as stop:
        _let_threads_start()
        return stop.exit_code if isinstance(stop, Told) else tell(Stopped("stopped"))
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:  # whatever the error: no traceback unless -v
        return tell(error, verbose=verbose)
    return 0


def _let_threads_start() -> None:
    """Waits, at most a second, for threads that were being started when the user stopped the command.

    At the end, Cassandra's driver joins its own, and an error of that would follow what the user is told. One that did
    not begin to start is not joined.
    """
    for _ in range(100):
        if all(thread.is_alive() for thread in threading.enumerate()):
            break
        time.sleep(0.01)
    loop = getattr(sys.modules.get("cassandra.io.libevreactor"), "_global_loop", None)
    if loop and loop._thread and loop._thread.ident is None:
        loop._thread = None


def tell(error: Exception, *, verbose: bool = False, of: str = "") -> int:
    """Prints an error as one line on stderr, and returns its exit code. What strangers wrote in it moves no cursor.

    With `verbose`, prints the traceback, too. `of` names what failed, if one command does several things.
    """
    if isinstance(error, Stopped):
        print(printable(str(error)), file=sys.stderr)
        return error.exit_code
    if verbose:
        traceback.print_exception(error)
    begin = f"error: {of}: " if of else "error: "
    if isinstance(error, PulsoError):
        print(printable(f"{begin}{error}"), file=sys.stderr)
        return error.exit_code
    print(printable(f"{begin}{one_line(error)} (run again with -v for the traceback)"), file=sys.stderr)
    return 1


def one_line(error: BaseException, most: int = MOST_TEXT) -> str:
    """Returns an error's type and text as one line of at most `most` characters.

    Java's errors name their causes after many lines of places; the innermost one says most, so it is kept.
    """
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    causes = _CAUSED_BY.findall(str(error))
    if not causes or len(text) <= most:
        return text[:most]
    cause = f"; caused by: {' '.join(causes[-1].split())}"[: most // 2]
    return f"{text[: most - len(cause)]}{cause}"


def place_of(error: BaseException) -> str:
    """Returns the file and the line that raised an error, for a log: a traceback for each odd post would flood it."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
