"""A file on disk for events that find no room in a collector's memory. They are read back in order.

The file begins with MAGIC and an id of 32 hexadecimal digits. A record is a head (length of the event, CRC-32 of number
and event, number), then the event in MessagePack. Numbers rise by one. So a reader finds a record that was cut off, and
what of the file was queued before: the collector's state in Redis names the file's id and the last number.

Nothing waits for the disk itself (fsync). A killed process loses nothing of what it wrote; a machine without power may
lose the last seconds of it, and the gap then begins earlier.
"""

import errno
import fcntl
import os
import struct
import uuid
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from conf.errors import PulsoError
from ingest.live.buffer import Event
from ingest.live.left import Left

MAGIC = b"pulso spill 1\n"
ID_BYTES = 32
FIRST = len(MAGIC) + ID_BYTES
"""Where the first record begins."""
HEAD = struct.Struct(">IIQ")
CHECKED_FROM = 8
"""Where, in a record, the part begins that its CRC covers."""
PIECE = 256 * 1024
"""The usual number of bytes that are read or written at a time."""

Record = tuple[int, Event]
"""An event and its number."""

_decoder: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)
_encoder = msgspec.msgpack.Encoder()


class Spill:
    """The file of one topic and source. One thread may append while another one reads.

    It holds at most `limit_bytes`. What was read stays in the file until `clear`.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self.path = path
        self.id = ""
        self.last = 0
        """The number of the last event in the file; 0 if there is none."""
        self.last_us = 0
        """The time of that event."""
        self.left: Left | None = None
        """What the file held when it was opened; None if nothing."""
        self._limit = limit_bytes
        self._file = -1
        self._at = self._end = FIRST

    @property
    def size(self) -> int:
        """The bytes of the records that are not yet read."""
        return self._end - self._at

    def open(self) -> int:
        """Opens the file, or makes it, and looks for what a killed process left in it.

        Returns how many bytes at its end can't be read; they are cut off. Raises PulsoError while another process has
        the file open, and OSError.
        """
        for folder in (self.path.parents[1], self.path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return self._recover()
        except OSError as error:
            self.close()
            if isinstance(error, BlockingIOError):
                raise PulsoError(f"another process keeps messages in {self.path}", "Stop it first") from None
            raise

    def append(self, first: int, events: Sequence[Event]) -> bool:
        """Writes events with the numbers from `first` on; returns False, with nothing written, if there is no room.

        Raises OSError, with nothing added.
        """
        data = b"".join(_record(number, event) for number, event in enumerate(events, first))
        if self._end - FIRST + len(data) > self._limit:
            return False
        try:
            self._write(data, self._end)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise
        self.last, self.last_us = first + len(events) - 1, events[-1].at_us
        self._end += len(data)
        return True

    def read(self, after: int, piece: int = PIECE) -> list[Record]:
        """Returns the next records above the number `after` that were not read, at most `piece` bytes or one record.

        Returns an empty list when all were read. Raises OSError, also for a damaged record.
        """
        while self._at < self._end:
            records, used = self._piece(self._at, self._end, piece)
            if not records:
                raise OSError(errno.EIO, "a record is damaged")
            self._at += used
            if left := [record for record in records if record[0] > after]:
                return left
        return []

    def skip(self) -> None:
        """Passes over what was not read."""
        self._at = self._end

    def clear(self) -> None:
        """Empties the file."""
        self._at = self._end = FIRST
        with suppress(OSError):  # what stays is overwritten, and its numbers say that it was queued
            os.ftruncate(self._file, FIRST)

    def close(self) -> None:
        """Closes the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _recover(self) -> int:
        """Finds the end of the whole records, and cuts off the rest."""
        size = os.fstat(self._file).st_size
        head = os.pread(self._file, FIRST, 0)
        whole = FIRST if len(head) == FIRST and head.startswith(MAGIC) else 0
        self.id = head[len(MAGIC) :].decode(errors="replace")
        while 0 < whole < size:
            records, used = self._piece(whole, size)
            if not records:
                break
            whole += used
            self.left = self.left or Left()
            self.left.add((event for _, event in records), first=not self.last)
            self.last, self.last_us = records[-1][0], records[-1][1].at_us
        if not self.last:
            self.id = uuid.uuid4().hex
            self._write(MAGIC + self.id.encode(), 0)
        self._end = max(whole, FIRST)
        os.ftruncate(self._file, self._end)
        return size - whole

    def _piece(self, start: int, end: int, piece: int = PIECE) -> tuple[list[Record], int]:
        """Returns the whole records from `start` on, at most `piece` bytes or one, and how many bytes they take."""
        data = os.pread(self._file, min(max(piece, HEAD.size), end - start), start)
        if len(data) >= HEAD.size:
            first = HEAD.size + int(HEAD.unpack_from(data)[0])
            if len(data) < first <= end - start:  # larger than a piece
                data = os.pread(self._file, first, start)
        return _records(data)

    def _write(self, data: bytes, at: int) -> None:
        left = memoryview(data)
        while left:
            written = os.pwrite(self._file, left, at)
            left, at = left[written:], at + written


def spill_path(home: Path, stream: str, topic: str, source: str) -> Path:
    """Returns the file for a queue's topic and source: under `home`, in a folder that others can't read."""
    return home / "spill" / quote(stream, safe="") / f"{topic}.{source}"


def _record(number: int, event: Event) -> bytes:
    body = _encoder.encode(event)
    record = bytearray(HEAD.pack(len(body), 0, number)) + body
    struct.pack_into(">I", record, 4, zlib.crc32(memoryview(record)[CHECKED_FROM:]))
    return bytes(record)


def _records(data: bytes) -> tuple[list[Record], int]:
    """Returns the whole and undamaged records at the start of `data`, and how many bytes they take."""
    records, at, view = list[Record](), 0, memoryview(data)
    while len(data) - at >= HEAD.size:
        length, crc, number = HEAD.unpack_from(data, at)
        end = at + HEAD.size + length
        if end > len(data) or zlib.crc32(view[at + CHECKED_FROM : end]) != crc:
            break
        try:
            records.append((number, _decoder.decode(view[at + HEAD.size : end])))
        except msgspec.MsgspecError:
            break
        at = end
    return records, at
