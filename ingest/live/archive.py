"""The raw archive: what was accepted, as it came, as zstd NDJSON by hour, so that a changed parser can replay it.

`HOME/archive/TOPIC/SOURCE/YYYY-MM-DD/HH.jsonl.zst`; a process that starts within an hour that has a file already writes
`HH-1.jsonl.zst`, and so on, since the file before may end in the middle of a frame.
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
    """Appends lines to the file of their hour. Raises OSError when the disk is full or not writable."""

    def __init__(self, home: Path, topic: str, source: str) -> None:
        self._folder = home / "archive" / topic / source
        self._hour: datetime | None = None
        self._file: BinaryIO | None = None
        self._frame: zstandard.ZstdCompressionWriter | None = None
        self._unflushed = 0

    def add(self, at_us: int, line: bytes) -> None:
        """Writes one line under the hour in which it came."""
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
        """Hands everything to the operating system, as whole blocks that can be read."""
        if self._frame is not None and self._file is not None and self._unflushed:
            self._frame.flush(zstandard.FLUSH_BLOCK)
            self._file.flush()
            self._unflushed = 0

    def close(self) -> None:
        """Ends the frame and the file."""
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
