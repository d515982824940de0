"""Allows only one command at a time.

The operating system releases the lock when its process ends, even after a crash.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from conf.errors import PulsoError
from deploy.console import say


@contextmanager
def locked(path: Path, console: Console) -> Iterator[None]:
    """Holds a lock file while the block runs. If another process holds it, prints a line and waits.

    Raises PulsoError when the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise PulsoError(
            f"cannot write in {path.parent}: {error.strerror}", "Set PULSO_HOME to a folder of yours"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(console, f"waiting for another command that holds {path}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
