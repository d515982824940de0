"""A part of a capture: a file, or a file in an archive, whose bytes can be looked at before they are read."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from conf.pieces import CHUNK
from conf.plain import one_line

LOOK = 64 * 1024
"""The most bytes that are looked at to tell what a part is."""
LEAST = 512
"""As many bytes are waited for, unless the part is shorter: a tar tells what it is there."""
Document = tuple[str, bytes]
"""A place in the part, such as a line's number, and one JSON document."""


class Unread(Exception):
    """A part is of a kind that is not read. The text says what it is, and what to do: "a PDF: …"."""


@dataclass
class Part:
    """A name for people, and the bytes. What is told of a part is told of the whole capture, in its lists.

    `notes` are lines for people about what was left out, `damaged` about files in an archive that are damaged: others
    in it can be read.
    """

    name: str
    stream: IO[bytes]
    notes: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    in_archive: bool = False

    def head(self, most: int = LOOK, is_enough: Callable[[bytes], bool] = lambda head: len(head) >= LEAST) -> bytes:
        """Returns the first bytes, up to `most`, and leaves them to be read.

        A slow stream, such as a pipe, is waited for only until what came `is_enough`.
        """
        if self.stream.seekable():
            begins = self.stream.tell()
            head = self.stream.read(most)
            self.stream.seek(begins)
        else:
            head, error = _start_of(self.stream, most, is_enough)
            self.stream = io.BufferedReader(_Again(head, self.stream, error), CHUNK)
        return head

    def of(self, stream: IO[bytes]) -> "Part":
        """Returns the same part with other bytes: unpacked, or in another encoding."""
        return Part(self.name, stream, self.notes, self.damaged, self.in_archive)

    def member(self, name: str, stream: IO[bytes]) -> "Part":
        """Returns a file of this archive."""
        return Part(f"{self.name}/{one_line(name)}", stream, self.notes, self.damaged, in_archive=True)

    def take(self, error: Exception) -> None:
        """Notes the error that a file in an archive has: Unread, or that it is damaged. Any other file's is raised."""
        if not self.in_archive:
            raise error
        if isinstance(error, Unread):
            self.notes.append(f"{self.name} is {error}")
        else:
            self.damaged.append(f"{self.name} is damaged or truncated ({error})")


def _start_of(stream: IO[bytes], most: int, is_enough: Callable[[bytes], bool]) -> tuple[bytes, Exception | None]:
    """Returns what is there of a stream, and the error after it, if it is damaged there."""
    read = getattr(stream, "read1", stream.read)
    head = b""
    try:
        while not is_enough(head) and (some := read(most - len(head))):
            head += some
    except Exception as error:  # it is raised when what stands before it was read
        if not head:
            raise
        return head, error
    return head, None


class _Again(io.RawIOBase):
    """Bytes that were looked at, and then the stream that they are from, or the error that it has ended with."""

    def __init__(self, head: bytes, rest: IO[bytes], error: Exception | None) -> None:
        self._head, self._rest, self._error = head, rest, error
        self._read = getattr(rest, "read1", rest.read)

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Puts the next bytes into the buffer; returns how many, 0 at the end."""
        if not self._head and self._error is not None:
            raise self._error
        some = self._head[: len(buffer)] or self._read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(some)] = some
        return len(some)
