"""The raw archive: accepted messages, unchanged, in zstd NDJSON files, one per hour.

After a change of a parser, they can be replayed.

The files are `HOME/archive/TOPIC/SOURCE/YYYY-MM-DD/HH.jsonl.zst`. If the file of the hour exists when a process starts,
the process writes `HH-1.jsonl.zst` instead, and so on, since the older file may end in the middle of a frame.
"""

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

import zstandard

from conf.instants import instant

LEVEL = 6
FLUSH_BYTES = 256 * 1024


class Archive:
    """Appends lines to the file of their hour. Its methods raise OSError when the disk is full or can't be written."""

    def __init__(self, home: Path, topic: str, source: str) -> None:
        self._folder = home / "archive" / topic / source
        self._hour: datetime | None = None
        self._file: BinaryIO | None = None
        self._frame: zstandard.ZstdCompressionWriter | None = None
        self._unflushed = 0

    def add(self, at_us: int, line: bytes) -> None:
        """Writes one line into the file of its hour. `at_us` is the line's time, in µs since 1970."""
        hour = instant(at_us).replace(minute=0, second=0, microsecond=0)
        if self._frame is None or (self._hour is not None and hour > self._hour):
            self.close()
            self._open(hour)
        assert self._frame is not None
        self._frame.write(line + b"\n")
        self._unflushed += len(line)
        if self._unflushed >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes all lines to the file in complete compressed blocks, so they can be read even if the process dies."""
        if self._frame is not None and self._file is not None and self._unflushed:
            self._frame.flush(zstandard.FLUSH_BLOCK)
            self._file.flush()
            self._unflushed = 0

    def close(self) -> None:
        """Ends the compressed frame and closes the file."""
        if self._frame is not None:
            self._frame.close()  # type: ignore[no-untyped-call]
        self._frame = self._file = self._hour = None
        self._unflushed = 0

    def _open(self, hour: datetime) -> None:
        folder = self._folder / f"{hour:%Y-%m-%d}"
        folder.mkdir(parents=True, exist_ok=True)
        names = (f"{hour:%H}{f'-{n}' if n else ''}.jsonl.zst" for n in count())
        path = next(folder / name for name in names if not (folder / name).exists())
        self._hour, self._file = hour, path.open("xb")
        self._frame = zstandard.ZstdCompressor(level=LEVEL).stream_writer(self._file)
