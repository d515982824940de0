"""Errors that a user can cause, and the one place that turns them into a line and an exit code."""

import sys
import traceback
from collections.abc import Callable


class PulsoError(Exception):
    """Something a person can fix: says what is wrong and what to do. Exit code 1."""

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


def exit_code_of(command: Callable[[], object], *, verbose: bool = False) -> int:
    """Runs a command and gives its exit code; a PulsoError becomes one line on stderr (DESIGN 2).

    Anything else is a defect of ours or a fault we did not foresee: it ends in one line too, with the
    traceback kept for `-v`.
    """
    try:
        command()
    except PulsoError as error:
        if verbose:
            traceback.print_exc()
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:  # the last line of defence: DESIGN 2 wants no traceback unless -v
        if verbose:
            traceback.print_exc()
        text = " ".join(str(error).split())[:300]
        print(f"error: {type(error).__name__}: {text} (run again with -v for the traceback)", file=sys.stderr)
        return 1
    return 0
