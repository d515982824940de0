"""The files of readers: stdout, or files that appear only when they are complete; full disks, and locks."""

import errno
import fcntl
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from conf.errors import PulsoError, WrongUse

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)
_LOOK = 0.2
"""Seconds between two looks at a lock."""


@contextmanager
def opened(out: Path | None) -> Iterator[IO[bytes]]:
    """Yields stdout, or a temporary file that gets the name `out` at the end; after an error, it is removed."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if out.is_dir():
        raise WrongUse(f"{out} is a folder", "Give --out a file")
    part = out.with_name(f".pulso-{secrets.token_hex(8)}.part")  # its own, if two write the same file
    told = partial(told_of_disk, out.parent, "--out", "Nothing was written")
    with told():
        file = part.open("xb")
    try:
        with file:
            yield file
        with told():
            part.replace(out)
    except OSError as error:
        if error.errno in _FULL:
            raise full_disk(out.parent, error.strerror or "", "--out", "Nothing was written") from None
        raise
    finally:
        part.unlink(missing_ok=True)


def refuse_terminal(out: Path | None) -> None:
    """Raises WrongUse if binary output would go to a terminal."""
    if out is None and sys.stdout.isatty():
        raise WrongUse(
            "Parquet is binary, and a terminal can't show it", "Give --out FILE, or redirect stdout to a file"
        )


@contextmanager
def told_of_disk(folder: Path, option: str, left: str) -> Iterator[None]:
    """Makes a full disk, or a folder that can't be written, one line for a person.

    `option` names where the folder is given; `left` says what is there now.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise full_disk(folder, error.strerror or "", option, left) from None
        if error.errno in _REFUSED:
            raise PulsoError(f"{folder} can't be written: {error.strerror}", f"Give another {option}") from None
        raise


def full_disk(folder: Path, why: str, option: str, left: str) -> PulsoError:
    """Returns the error that a disk is full."""
    return PulsoError(
        f"the disk of {folder} is full ({why})", f"Free some space, or give {option} on another disk. {left}"
    )


@contextmanager
def locked(file: Path, what: str, patience: float) -> Iterator[None]:
    """Holds a lock, which goes with the process that holds it.

    Raises PulsoError if another process holds it for more than `patience` seconds; `what` says what that one does.
    """
    until = time.monotonic() + patience
    with file.open("wb") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    what = f"another process has been {what} for {patience:.0f} s"
                    raise PulsoError(what, "Wait for it, or end it, and run this again") from None
                time.sleep(_LOOK)
        yield


def sync(path: Path) -> None:
    """Waits until a file's content, or a folder's names, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
