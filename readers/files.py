"""Opens the output of readers: stdout, or a file that appears only when it is complete."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from conf.errors import WrongUse


@contextmanager
def opened(out: Path | None) -> Iterator[IO[bytes]]:
    """Yields stdout, or a temporary file that gets the name `out` at the end; after an error, it is removed."""
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
    """Raises WrongUse if binary output would go to a terminal."""
    if out is None and sys.stdout.isatty():
        raise WrongUse(
            "Parquet is binary, and a terminal can't show it", "Give --out FILE, or redirect stdout to a file"
        )
