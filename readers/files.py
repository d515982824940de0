"""Where what readers write goes: a file that is there once it is whole, or stdout."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from conf.errors import WrongUse


@contextmanager
def opened(out: Path | None) -> Iterator[IO[bytes]]:
    """A file that gets its name when it is whole, or stdout."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def refuse_terminal(out: Path | None) -> None:
    """Raises WrongUse for bytes onto a terminal."""
    if out is None and sys.stdout.isatty():
        raise WrongUse("Parquet is no text for a terminal", "Give --out FILE, or send stdout to one")
