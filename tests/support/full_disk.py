"""A disk that is full for one process: every file of it may grow no larger than the largest is now.

The limit is RLIMIT_FSIZE, set from outside and lifted again. It needs no rights and no file system of its own. A write
beyond it fails like one on a full disk ("File too large"), in part or as a whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest


@contextmanager
def full_disk(pid: int, most: int) -> Iterator[None]:
    """Lets a process make no file longer than `most` bytes until the block ends. Skips the test without Linux."""
    if not psutil.LINUX:
        pytest.skip("only Linux can limit the files of a process that runs")
    process = psutil.Process(pid)
    _, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        if process.is_running():
            process.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))


def largest(folder: Path) -> int:
    """Returns the size of a folder's largest file, in bytes."""
    return max(file.stat().st_size for file in folder.rglob("*") if file.is_file())
