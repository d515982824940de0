"""The layouts of the posts of a pack: each writes posts one by one, and says how many it has left out."""

import gzip
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import IO, Any

import orjson

from conf.instants import micros
from conf.tables import ACCOUNT_NAMES
from readers.packs.folder import NewPack
from stores.packs import (
    FORM,
    KEEPS_ID,
    NAME_KEYS,
    NAMES_FILE,
    PACKED,
    POST_KEYS,
    POSTS_FILE,
    PSEUDONYMS_KEY,
    VERSION_US,
)

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
LEVEL = 6


class Writer(ABC):
    """Writes posts into files of a pack. `left_out` counts those that the layout can't hold, by reason."""

    def __init__(self, pack: NewPack) -> None:
        self.pack, self.left_out = pack, Counter[str]()
        self._files = ExitStack()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    @abstractmethod
    def add(self, row: Any, day: str) -> bool:
        """Writes a post of a day of the topic; returns False if the layout can't hold it."""

    def opened(self, path: str) -> IO[bytes]:
        """Opens a file that is closed with the writer."""
        return self._files.enter_context(self.pack.file(path))


class PulsoWriter(Writer):
    """Every column of a post, a line each: what `replay` reads."""

    def __init__(self, pack: NewPack, *, pseudonyms: bool) -> None:
        super().__init__(pack)
        self._pseudonyms, self._rows = pseudonyms, 0
        self._file = self._files.enter_context(zipped(self.opened(POSTS_FILE)))

    def add(self, row: Any, day: str) -> bool:
        """Writes a post."""
        self._file.write(orjson.dumps(packed(row, pseudonyms=self._pseudonyms), option=OPTIONS))
        self._rows += 1
        self.pack.count(POSTS_FILE, self._rows)
        return True


class IdsWriter(Writer):
    """Ids, one a line; a file for each network and day, so that it can be told later which posts were deleted."""

    def __init__(self, pack: NewPack) -> None:
        super().__init__(pack)
        self._now: dict[str, tuple[IO[bytes], ExitStack, int]] = {}

    def add(self, row: Any, day: str) -> bool:
        """Writes a post's id."""
        path = f"ids/{row.source}-{day}.txt"
        if path not in self._now:
            self._end([other for other in self._now if not other.endswith(f"-{day}.txt")])
            stack = ExitStack()
            self._now[path] = (self._files.enter_context(stack).enter_context(self.pack.file(path)), stack, 0)
        file, stack, rows = self._now[path]
        file.write(f"{row.post_id}\n".encode())
        self._now[path] = (file, stack, rows + 1)
        self.pack.count(path, rows + 1)
        return True

    def _end(self, paths: list[str]) -> None:
        for path in paths:
            self._now.pop(path)[1].close()


def packed(row: Any, *, pseudonyms: bool = False) -> dict[str, Any]:
    """Returns a post as a line of a pack has it: what is unknown is left out."""
    first = {PSEUDONYMS_KEY: FORM, "source": row.source} if pseudonyms else {POST_KEYS[row.source]: FORM}
    known = {name: value for name in PACKED if (value := getattr(row, name)) is not None}
    if row.source in KEEPS_ID and row.written is not None:
        known[VERSION_US] = row.written
    return {**first, **known}


def write_names(pack: NewPack, rows: Iterator[Any]) -> None:
    """Writes the handles of accounts, as `ACCOUNT_NAMES` has them; no file if there are none."""
    first = next(rows, None)
    if first is None:
        return
    count = 0
    with pack.file(NAMES_FILE) as file, zipped(file) as lines:
        for count, row in enumerate(_and_rest(first, rows), 1):  # noqa: B007
            line = {NAME_KEYS[row.source]: FORM, "author_id": row.author_id, "handle": row.handle, "at": row.told_at}
            lines.write(orjson.dumps(line, option=OPTIONS))
    pack.count(NAMES_FILE, count)


NAME_COLUMNS = ", ".join(name for name in ACCOUNT_NAMES.columns if name not in ACCOUNT_NAMES.partition)


def _and_rest(first: Any, rows: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rows


@contextmanager
def zipped(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yields a stream whose bytes are packed into a file. The same bytes are packed in the same way each time."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=file, mtime=0) as stream:
        yield stream  # type: ignore[misc]  # it is one


def utc(at: datetime) -> datetime:
    """Returns a time of the driver with its time zone."""
    return at.replace(tzinfo=UTC)


def iso(at: datetime) -> str:
    """Returns a time as X writes it, to the millisecond."""
    return f"{utc(at):%Y-%m-%dT%H:%M:%S}.{micros(utc(at)) // 1000 % 1000:03}Z"
