"""Checks a pack: that every file is as it was written. Nothing that stands in the folder is believed."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from readers.packs.folder import sha256_of
from stores.packs import DEEPEST, MANIFEST, PackedFile, open_inside

MOST_OTHERS = 20
"""The most files that are named of those that are not of the pack."""
MOST_LOOKED_AT = 100_000
"""The most entries of the folder that are looked at."""


@dataclass
class Checked:
    """What is wrong with the files of a pack."""

    changed: list[str] = field(default_factory=list)
    """Files that are not as they were written, with what is wrong."""
    others: list[str] = field(default_factory=list)
    """Files that the manifest does not name."""


def check_files(folder: Path, files: Sequence[PackedFile], on_file: Callable[[int], None] = lambda _: None) -> Checked:
    """Compares the files of a pack with its size and hash; `on_file` is called with the bytes of each one."""
    checked = Checked()
    for file in files:
        if wrong := _wrong_of(folder, file):
            checked.changed.append(f"{file.path}: {wrong}")
        on_file(file.bytes)
    named = {MANIFEST, *(file.path for file in files)}
    for path in _found(folder):
        if path not in named:
            checked.others.append(path)
            if len(checked.others) > MOST_OTHERS:
                break
    return checked


def _wrong_of(folder: Path, file: PackedFile) -> str:
    try:
        descriptor = open_inside(folder, file.path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"is no ordinary file ({error.strerror})"
    with os.fdopen(descriptor, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if size != file.bytes:
            return f"has {size:,} bytes, not {file.bytes:,}"
        try:
            _, sha256 = sha256_of(opened)
        except OSError as error:
            return f"can't be read ({error.strerror})"
    return "" if sha256 == file.sha256 else "its content was changed"


def _found(folder: Path) -> Iterator[str]:
    """Yields the paths of what is in the folder; links are not followed."""
    left, seen = [(folder, "", 1)], 0
    while left:
        here, begin, depth = left.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_LOOKED_AT:
                    return
                if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
                    left.append((Path(entry.path), f"{begin}{entry.name}/", depth + 1))
                else:
                    yield f"{begin}{entry.name}"
