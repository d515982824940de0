"""The folder of published files: a set of files gets its name only when it is whole, at one moment.

`DIR/TOPIC` is a link to a folder `.TOPIC.ID` beside it. A new set is written into a folder of its own; then the link is
replaced by rename. So whoever opens a file meets the old set or the new one, and who holds an old file open keeps it. A
lock lets one process at a time write a topic's sets, and remove those that killed ones have left.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conf.errors import WrongUse
from readers.files import locked, sync, told_of_disk

PATIENCE = 600.0
"""Seconds for which a publication waits for another one of the same topic."""
OLD = "What was published before is still there"


def database_file(folder: Path, topic: str) -> Path:
    """Returns where the DuckDB file of a topic is, in the folder of published files."""
    return folder / topic / f"{topic}.duckdb"


@contextmanager
def new_set(folder: Path, topic: str, patience: float = PATIENCE) -> Iterator[Path]:
    """Yields an empty folder; what is in it at the end of the block becomes the published set of a topic.

    After an error nothing of it is left, and the old set stays. Raises PulsoError if the disk is full, if the folder
    can't be written, or if another process writes this topic's set for longer than `patience` seconds; WrongUse if the
    name is used for something else.
    """
    with told_of_disk(folder, "--to", OLD):
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / topic
        if link.exists() and not link.is_symlink():
            raise WrongUse(f"{link} is not of Pulso's published files", "Move it away, or give another --to")
        with locked(folder / f".{topic}.lock", f"publishing {topic}", patience):
            _remove_others(folder, topic)
            new = folder / f".{topic}.{uuid.uuid4().hex[:8]}"
            new.mkdir()
            try:
                yield new
                _to_disk(new)
                _swap(link, new)
            finally:
                _remove_others(folder, topic)


def _swap(link: Path, new: Path) -> None:
    """Makes the link lead to the new folder, at one moment."""
    part = new.with_name(f"{new.name}.link")
    part.symlink_to(new.name)
    part.replace(link)
    sync(link.parent)


def _remove_others(folder: Path, topic: str) -> None:
    """Removes the sets that the link does not lead to. Only the holder of the lock calls this."""
    link = folder / topic
    kept = link.readlink().name if link.is_symlink() else ""
    for entry in folder.glob(f".{topic}.*"):
        name = entry.name.removeprefix(f".{topic}.").removesuffix(".link")
        if entry.name == kept or len(name) != 8:
            continue
        if entry.is_symlink():
            entry.unlink()
        else:
            shutil.rmtree(entry, ignore_errors=True)


def _to_disk(folder: Path) -> None:
    """Waits until all files are on the disk, so that not even a power failure can leave a name without its content."""
    for file in folder.iterdir():
        sync(file)
    sync(folder)
