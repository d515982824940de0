"""Captures: files, stdin, and addresses of files elsewhere, as the JSON documents that they hold.

What a file is, its first bytes say (`kinds.py`), not its name. What is in memory does not depend on its size.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from conf.errors import WrongUse
from ingest.replay.kinds import documents
from ingest.replay.part import Document, Part, Unread
from ingest.replay.remote import is_address, open_address, size_of
from ingest.replay.unpacking import DAMAGED


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
    _raw: IO[bytes] | None = field(default=None, repr=False)
    _at_end: bool = field(default=False, repr=False)

    @property
    def position(self) -> int:
        """The bytes read so far from the file on disk, before decompression; 0 for stdin and pipes."""
        if self.size is None or self._raw is None:
            return 0
        return self.size if self._at_end else self._raw.tell()

    def documents(self) -> Iterator[Document]:
        """Yields each JSON document with its place: the file and the line.

        If the data ends early or is damaged, no more is yielded, and `broken` says so. A document that is too
        long is cut to LONGEST_LINE plus one byte.
        """
        count = 0
        try:
            self._raw = self._opened()
            for count, document in enumerate(documents(Part(self.name, self._raw, self.notes)), 1):  # noqa: B007
                yield document
        except Unread as what:
            self.unread = f"{self.name} is {what}" + ("" if ":" in str(what) else ", which is not read")
        except DAMAGED as error:
            self.broken = f"{self.name} is damaged or truncated after document {count:,} ({error})"
        finally:
            self._at_end = True
            if self._raw is not None and self.name != "-":
                self._raw.close()

    def _opened(self) -> IO[bytes]:
        if self.name == "-":
            return sys.stdin.buffer
        return open_address(self.name) if is_address(self.name) else Path(self.name).open("rb")


def open_captures(files: list[str]) -> list[Capture]:
    """Looks at all inputs before the first is read. Raises WrongUse for the first one that is not a readable file."""
    return [_checked(name) for name in files]


def _checked(name: str) -> Capture:
    if name == "-":
        return Capture(name)
    if is_address(name):
        return Capture(name, size_of(name))
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
