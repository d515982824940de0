"""Reads capture files, or stdin, as numbered lines.

The content shows whether a file is plain, gzip or zstd. The length of a line is limited.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

import zstandard

from conf.errors import WrongUse
from ingest.formats.detect import LONGEST_LINE

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_CHUNK = 1024 * 1024
_FEW = 2048
"""Bytes of zstd data that are decompressed at once: at most 64 MiB come of them."""
_LARGEST_WINDOW = 2**27
"""Bytes that a zstd frame may refer back to, and so may keep in memory: as much as `zstd` itself allows by default."""
T = TypeVar("T")
_DAMAGED = (EOFError, OSError, zlib.error, zstandard.ZstdError)


@dataclass
class Capture:
    """A file or stdin (`-`). If the data is damaged, `broken` says how; it is set when the damage is found."""

    name: str
    size: int | None = None
    broken: str = ""
    share_read: float | None = None
    """The share that was read, 0 to 1, where it is not told by bytes."""
    _held: IO[bytes] | None = field(default=None, repr=False)
    _raw: IO[bytes] | None = field(default=None, repr=False)
    _at_end: bool = field(default=False, repr=False)

    @property
    def position(self) -> int:
        """The bytes read so far from the file on disk, before decompression; 0 for stdin and pipes."""
        if self.size is not None and self.share_read is not None:
            return int(self.size * self.share_read)
        if self.size is None or self._raw is None:
            return 0
        return self.size if self._at_end else self._raw.tell()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yields each line with its number, from 1. A line that is too long is cut to the allowed length plus one byte.

        If compressed data ends early or is damaged, no more lines are yielded, and `broken` says so.
        """
        last = [0]

        def numbered(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
            for number, line in enumerate(_bounded_lines(stream), 1):
                last[0] = number
                yield number, line

        yield from self.read(numbered, lambda: f"line {last[0]:,}")

    def read(self, split: Callable[[IO[bytes]], Iterator[T]], place: Callable[[], str]) -> Iterator[T]:
        """Yields the parts into which `split` splits the decompressed data.

        If the data ends early or is damaged, no more are yielded, and `broken` says so, with the `place` of the last.
        """
        self._raw, stream = self._opened()
        try:
            yield from split(stream)
        except _DAMAGED as error:
            self.broken = f"{self.name} is damaged or truncated after {place()} ({error})"
        finally:
            if self.name != "-":
                self._at_end = True
                self._raw.close()

    def head(self, size: int) -> bytes:
        """Returns up to `size` of the first decompressed bytes, of a pipe what has come so far. They are read again."""
        raw, stream = self._opened()
        try:
            if self._can_be_reopened:
                return stream.read(size)
            ahead = _Ahead(stream, size)
            self._raw, self._held = raw, io.BufferedReader(ahead, _CHUNK)
            return ahead.seen
        except _DAMAGED:
            return b""
        finally:
            if self._can_be_reopened:
                raw.close()

    @property
    def _can_be_reopened(self) -> bool:
        return self.size is not None

    def _opened(self) -> tuple[IO[bytes], IO[bytes]]:
        """Returns the data as it is, and decompressed."""
        if self._held is not None and self._raw is not None:
            return self._raw, self._held
        raw = sys.stdin.buffer if self.name == "-" else Path(self.name).open("rb")  # noqa: SIM115
        return raw, _decompressed(raw)


def open_captures(files: list[str]) -> list[Capture]:
    """Opens all inputs before the first is read. Raises WrongUse for the first input that is not a readable file."""
    return [_checked(name) for name in files]


def _checked(name: str) -> Capture:
    if name == "-":
        return Capture(name)
    path = Path(name)
    if path.is_dir():
        raise WrongUse(f"{name} is a directory", f"Give its files: {name.rstrip('/')}/*.jsonl")
    if not path.exists():
        raise WrongUse(f"no file {name}", "Check the path")
    try:
        with path.open("rb"):
            return Capture(name, path.stat().st_size if path.is_file() else None)
    except OSError as error:
        raise WrongUse(f"{name} can't be read: {error.strerror}") from None


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)  # type: ignore[type-var]
    magic = buffered.peek(4)[:4]
    if magic.startswith(_GZIP):
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]
    if magic.startswith(_ZSTD):
        return io.BufferedReader(_ZstdFile(buffered), _CHUNK)
    return buffered


class _ZstdFile(io.RawIOBase):
    """Decompresses zstd frames one after the other. As gzip does, raises EOFError when the data ends inside one.

    Few bytes are decompressed at a time: four of them can become 128 KiB, in a file that is meant to fill the memory.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame = _new_frame()
        self._waiting = memoryview(b"")
        self._ready = memoryview(b"")
        self._inside = False

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Puts the next bytes into the buffer; returns how many, 0 at the end."""
        while not self._ready:
            if self._frame.eof:
                self._waiting = memoryview(self._frame.unused_data + self._waiting)
                self._frame, self._inside = _new_frame(), False
            if not self._waiting:
                self._waiting = memoryview(self._raw.read(_CHUNK))
            if not self._waiting:
                if self._inside:
                    raise EOFError("the data ends inside a zstd frame")
                return 0
            some, self._waiting = self._waiting[:_FEW], self._waiting[_FEW:]
            self._inside = True
            self._ready = memoryview(self._frame.decompress(some))
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


class _Ahead(io.RawIOBase):
    """A stream that can't be read twice, of which the first bytes were looked at: they come first.

    It looks until the first line is whole, or `size` bytes are there.
    """

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self.seen = b""
        while b"\n" not in self.seen and len(self.seen) < size and (more := stream.read1(size)):  # type: ignore[attr-defined]
            self.seen += more
        self._left = memoryview(self.seen)

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Puts the next bytes into the buffer; returns how many, 0 at the end."""
        part = self._left or memoryview(self._stream.read1(len(buffer)))  # type: ignore[attr-defined]
        taken, self._left = part[: len(buffer)], part[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _new_frame() -> "zstandard.ZstdDecompressionObj":
    return zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj()


def _bounded_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines of at most LONGEST_LINE + 1 bytes; the rest of a longer line is skipped."""
    while line := stream.readline(LONGEST_LINE + 1):
        whole = line
        while not line.endswith(b"\n") and len(line) > 0 and len(whole) > LONGEST_LINE:
            line = stream.readline(_CHUNK)
            if not line:
                break
        yield whole
