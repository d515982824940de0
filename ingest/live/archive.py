"""The raw archive: accepted messages, unchanged, in zstd NDJSON files, one per hour.

After a change of a parser, they can be replayed.

The files are `HOME/archive/TOPIC/SOURCE/YYYY-MM-DD/HH.jsonl.zst`. If the file of the hour exists when a process starts,
the process writes `HH-1.jsonl.zst` instead, and so on, since the older file may end in the middle of a frame.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

import structlog
import zstandard

from conf.instants import instant

LEVEL = 6
FLUSH_BYTES = 256 * 1024
TRY_AGAIN = 15.0
"""Seconds for which nothing is archived after the archive could not be written."""
FAILURES = (OSError, zstandard.ZstdError)

log = structlog.get_logger("archive")


class Archive:
    """Appends lines to the file of their hour.

    Collection goes on without the archive while that can't be written, as on a full disk: the log says so once,
    `missed` counts the lines that are not in the archive, and every TRY_AGAIN seconds the next line begins a new file.
    """

    def __init__(self, home: Path, topic: str, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.missed = 0
        self._failing = False
        self._root = home / "archive"
        self._folder = self._root / topic / source
        self._clock = clock
        self._resumes = float("-inf")
        self._hour: datetime | None = None
        self._file: BinaryIO | None = None
        self._frame: zstandard.ZstdCompressionWriter | None = None
        self._unflushed_lines = self._unflushed_bytes = 0

    def add(self, at_us: int, line: bytes) -> None:
        """Writes one line into the file of its hour. `at_us` is the line's time, in µs since 1970."""
        if self._clock() < self._resumes:
            self.missed += 1
            return
        self._unflushed_lines += 1
        self._unflushed_bytes += len(line)
        try:
            self._write(instant(at_us).replace(minute=0, second=0, microsecond=0), line)
        except FAILURES as error:
            self._give_up(error)

    def flush(self) -> None:
        """Writes all lines to the file in complete compressed blocks, so they can be read even if the process dies."""
        try:
            self._flush()
        except FAILURES as error:
            self._give_up(error)

    def close(self) -> None:
        """Ends the compressed frame and closes the file."""
        try:
            self._close()
        except FAILURES as error:
            self._give_up(error)

    def _write(self, hour: datetime, line: bytes) -> None:
        if self._frame is None or (self._hour is not None and hour > self._hour):
            self._close()
            self._open(hour)
        assert self._frame is not None
        self._frame.write(line + b"\n")
        if self._unflushed_bytes >= FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._frame is not None and self._file is not None and self._unflushed_lines:
            self._frame.flush(zstandard.FLUSH_BLOCK)
            self._file.flush()
            self._unflushed_lines = self._unflushed_bytes = 0
            if self._failing:
                self._failing = False
                log.info("the archive is written again", missed=self.missed)

    def _close(self) -> None:
        if self._frame is not None:
            self._frame.close()  # type: ignore[no-untyped-call]
            self._unflushed_lines = self._unflushed_bytes = 0
        self._frame = self._file = self._hour = None

    def _give_up(self, error: Exception) -> None:
        """Leaves the file as it is, unless nothing is in it, and rests for a while."""
        if not self._failing:
            log.warning("the archive can't be written, and collection goes on without it", error=str(error))
        self._failing = True
        self.missed += self._unflushed_lines
        file, self._file = self._file, None
        self._frame = self._hour = None
        self._unflushed_lines = self._unflushed_bytes = 0
        self._resumes = self._clock() + TRY_AGAIN
        if file is not None:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                if not Path(file.name).stat().st_size:
                    Path(file.name).unlink()

    def _open(self, hour: datetime) -> None:
        folder = self._folder / f"{hour:%Y-%m-%d}"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        names = (f"{hour:%H}{f'-{n}' if n else ''}.jsonl.zst" for n in count())
        path = next(folder / name for name in names if not (folder / name).exists())
        self._hour, self._file = hour, path.open("xb")
        self._frame = zstandard.ZstdCompressor(level=LEVEL).stream_writer(self._file)
