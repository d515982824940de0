"""Captures: files, stdin, and addresses of files elsewhere, as the JSON documents that they hold.

What a file is, its first bytes say (`kinds.py`), not its name. What is in memory does not depend on its size. `tables/`
reads those that are tables.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, TypeVar

from conf.errors import WrongUse
from conf.plain import one_line
from ingest.replay.kinds import documents
from ingest.replay.part import Document, Part, Unread
from ingest.replay.remote import open_address, size_of
from ingest.replay.unpacking import DAMAGED, unpacked
from stores.elsewhere import is_address
from stores.packs import MANIFEST, UNFINISHED, captures_of

T = TypeVar("T")
MOST_DAMAGED = 5
"""The damaged files of an archive that are named; of the others, the number is told."""


@dataclass
class Capture:
    """A file, stdin (`-`) or an address.

    While it is read: `unread` says what it is, if it is of a kind that is not read, `broken` says what is wrong with
    damaged data, and `notes` says what else was left out, such as a picture in an archive.
    """

    name: str
    size: int | None = None
    broken: str = ""
    unread: str = ""
    notes: list[str] = field(default_factory=list)
    share_read: float | None = None
    """The share that was read, 0 to 1, where it is not told by bytes."""
    _damaged: list[str] = field(default_factory=list, repr=False)
    _looked_at: Iterator[Part] | None = field(default=None, repr=False)
    _raw: IO[bytes] | None = field(default=None, repr=False)
    _at_end: bool = field(default=False, repr=False)

    @property
    def shown(self) -> str:
        """Its name for people and for messages: one line, even if the file's name is no text at all."""
        return one_line(self.name)

    @property
    def position(self) -> int:
        """The bytes read so far from the file on disk, before decompression; 0 for stdin and pipes."""
        if self.size is not None and self.share_read is not None:
            return int(self.size * self.share_read)
        if self.size is None or self._raw is None:
            return 0
        return self.size if self._at_end else self._raw.tell()

    def documents(self) -> Iterator[Document]:
        """Yields each JSON document with its place: the file and the line.

        A document that is too long is cut to LONGEST_LINE plus one byte.
        """
        count = 0

        def counted(parts: Iterator[Part]) -> Iterator[Document]:
            nonlocal count
            for count, document in enumerate(documents(parts), 1):  # noqa: B007
                yield document
            if self.notes and not count:
                raise Unread(f"a file in which nothing is read: {self.notes[0]}")

        return self.read(counted, lambda: f"document {count:,}")

    def read(self, split: Callable[[Iterator[Part]], Iterator[T]], place: Callable[[], str]) -> Iterator[T]:
        """Yields what `split` yields of the files in the capture, which are unpacked.

        If the data ends early or is damaged, no more is yielded, and `broken` says so, with the `place` of the last.
        """
        try:
            yield from split(self._looked_at or self._parts(self.notes, self._damaged))
            self.broken = _told(self._damaged)
        except Unread as what:
            self.unread = f"{self.shown} is {what}" + ("" if ":" in str(what) else ", which is not read")
        except DAMAGED as error:
            self.broken = _told([*self._damaged, f"{self.shown} is damaged or truncated after {place()} ({error})"])
        finally:
            self._at_end = True
            if self._raw is not None and self.name != "-":
                self._raw.close()

    def head(self, most: int) -> bytes:
        """Returns up to `most` of the first bytes of its first file, unpacked, and leaves them to be read.

        Of a pipe, it is what came until the first line is whole. Of what can't be read, it is nothing.
        """
        parts = self._parts(self.notes, self._damaged) if self.is_read_once else self._parts([], [])
        try:
            first = next(parts, None)
            head = b"" if first is None else first.head(most, self._is_enough(most))
        except (Unread, *DAMAGED) as error:
            self._looked_at = _failing(error) if self.is_read_once else None
            return b""
        if self.is_read_once:
            self._looked_at = chain([first] if first else [], parts)
        elif self._raw is not None:
            self._raw.close()
        return head

    @property
    def is_read_once(self) -> bool:
        """Whether it comes through a pipe, so that it can't be opened again."""
        return self.size is None

    def _is_enough(self, most: int) -> Callable[[bytes], bool]:
        return lambda head: len(head) >= most or (self.is_read_once and b"\n" in head)

    def _parts(self, notes: list[str], damaged: list[str]) -> Iterator[Part]:
        self._raw = self._opened()
        yield from unpacked(Part(self.shown, self._raw, notes, damaged))

    def _opened(self) -> IO[bytes]:
        if self.name == "-":
            return sys.stdin.buffer
        return open_address(self.name) if is_address(self.name) else Path(self.name).open("rb")


def open_captures(files: list[str]) -> list[Capture]:
    """Looks at all inputs before the first is read. A folder must be a pack; its captures are those of its posts.

    Raises WrongUse for the first one that is not a readable file, PulsoError for a pack that is not finished.
    """
    return [_checked(file) for name in files for file in _files_of(name)]


def _files_of(name: str) -> list[str]:
    path = Path(name)
    if name == "-" or is_address(name) or not path.is_dir():
        return [name]
    if not path.joinpath(MANIFEST).exists() and not path.joinpath(UNFINISHED).exists():
        raise WrongUse(f"{name} is a directory", f"Give its files: {name.rstrip('/')}/*.jsonl")
    return captures_of(path)


def _told(damaged: list[str]) -> str:
    more = len(damaged) - MOST_DAMAGED
    return "; ".join([*damaged[:MOST_DAMAGED], *([f"and {more:,} more are damaged"] if more > 0 else [])])


def _failing(error: Exception) -> Iterator[Part]:
    raise error
    yield


def _checked(name: str) -> Capture:
    if name == "-":
        return Capture(name)
    if is_address(name):
        return Capture(name, size_of(name))
    path = Path(name)
    if not path.exists():
        raise WrongUse(f"no file {name}", "Check the path")
    try:
        with path.open("rb"):
            return Capture(name, path.stat().st_size if path.is_file() else None)
    except OSError as error:
        raise WrongUse(f"{name} can't be read: {error.strerror}") from None
