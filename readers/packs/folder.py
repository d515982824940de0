"""The folder of a pack or a backup while it is written: files only for their owner, and a manifest that comes last.

Until the manifest is there, a file says that the pack is not finished. After an error, what was written is removed.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from conf.errors import WrongUse
from readers.files import told_of_disk
from stores.packs import MANIFEST, UNFINISHED, PackedFile

TOLD = "This {} is not finished: it is being written, or its writing was stopped. Remove this folder.\n"
_PART = f".{MANIFEST}.part"
CHUNK = 1024 * 1024
NOTHING = "Nothing was left there"


class NewPack:
    """A pack that is being written. `file` opens its files; `finish` writes the manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.finished = folder, False
        self._rows: dict[str, int | None] = {}

    @contextmanager
    def file(self, path: str) -> Iterator[IO[bytes]]:
        """Opens a new file of the pack for writing."""
        self._rows[path] = None
        self._make_folder(self.folder / path)
        with _opened(self.folder / path) as file:
            yield file

    def count(self, path: str, rows: int) -> None:
        """Says how many rows a file has."""
        self._rows[path] = rows

    def add(self, path: str, content: bytes) -> None:
        """Writes a whole file."""
        with self.file(path) as file:
            file.write(content)

    def files(self) -> list[PackedFile]:
        """Returns the files so far, with their hashes; each is read for that."""
        return [self._described(path, rows) for path, rows in sorted(self._rows.items())]

    def finish(self, manifest: msgspec.Struct) -> None:
        """Writes the manifest, at one moment."""
        with _opened(self.folder / _PART) as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        (self.folder / UNFINISHED).unlink()
        (self.folder / _PART).rename(self.folder / MANIFEST)
        self.finished = True

    def remove(self) -> None:
        """Removes what was written, the manifest first: what it names is about to go."""
        for path in (MANIFEST, *self._rows, _PART, UNFINISHED):
            (self.folder / path).unlink(missing_ok=True)
        for folder in sorted({(self.folder / path).parent for path in self._rows} - {self.folder}, reverse=True):
            if folder.is_dir():
                folder.rmdir()

    def _make_folder(self, file: Path) -> None:
        if file.parent != self.folder:
            file.parent.mkdir(mode=0o700, exist_ok=True)

    def _described(self, path: str, rows: int | None) -> PackedFile:
        with (self.folder / path).open("rb") as file:
            size, sha256 = sha256_of(file)
        return PackedFile(path=path, bytes=size, sha256=sha256, rows=rows)


@contextmanager
def new_pack(folder: Path, thing: str = "pack") -> Iterator[NewPack]:
    """Makes the folder, or takes an empty one, and yields the pack. After an error, removes what was written.

    A pack that is finished stays, whatever happens then. `thing` is what a person calls it.

    Raises WrongUse for a folder that is not empty, PulsoError if the disk is full or nothing can be written.
    """
    made = _make(folder, thing)
    pack = NewPack(folder)
    try:
        with told_of_disk(folder, "--out", NOTHING):
            with _opened(folder / UNFINISHED) as file:
                file.write(TOLD.format(thing).encode())
            yield pack
    except BaseException:
        if not pack.finished:
            pack.remove()
            if made:
                folder.rmdir()
        raise


def sha256_of(file: IO[bytes]) -> tuple[int, str]:
    """Returns the number of bytes of a file, and their SHA-256."""
    size, sha256 = 0, hashlib.sha256()
    while some := file.read(CHUNK):
        size += len(some)
        sha256.update(some)
    return size, sha256.hexdigest()


def _make(folder: Path, thing: str) -> bool:
    """Makes the folder; returns whether it was not there."""
    with told_of_disk(folder, "--out", NOTHING):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            _refuse_used(folder, thing)
            folder.chmod(0o700)
            return False
    return True


def _refuse_used(folder: Path, thing: str) -> None:
    if not folder.is_dir():
        raise WrongUse(f"{folder} is a file, not a folder", "Give another --out")
    names = {entry.name for entry in os.scandir(folder)}
    if MANIFEST in names:
        raise WrongUse(f"{folder} holds a {thing} already", "Give another --out, or remove that folder first")
    if names & {UNFINISHED, _PART}:
        what = f"{folder} holds a {thing} that was not finished, or is being written"
        raise WrongUse(what, f"If nothing writes it, remove it and run this again: rm -r {folder}")
    if names:
        raise WrongUse(f"{folder} is not empty", "Give a folder that does not exist yet, or an empty one")


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
