"""Streams of bytes that are made of pieces."""

import io
from collections.abc import Iterator
from typing import IO

CHUNK = 1024 * 1024
"""Bytes that are read at once."""


def readable(pieces: Iterator[bytes]) -> IO[bytes]:
    """Returns a stream of bytes that come in pieces, each of any length but 0."""
    return io.BufferedReader(_Pieces(pieces), CHUNK)


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Puts the next bytes into the buffer; returns how many, 0 at the end."""
        if not self._ready:
            self._ready = memoryview(next(self._pieces, b""))
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
