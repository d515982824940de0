"""Unpacks what is compressed or in an archive: gzip, zstd, bzip2, xz, zip and tar, also one in the other."""

import bz2
import io
import lzma
import re
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Protocol, Self

import psutil
import zstandard

from conf.pieces import CHUNK, readable
from conf.plain import one_line
from ingest.replay.part import Part, Unread

DAMAGED = (
    *(EOFError, OSError, zlib.error, zstandard.ZstdError, lzma.LZMAError),
    *(tarfile.TarError, zipfile.BadZipFile, ValueError, LookupError, RuntimeError, struct.error),
)
"""The errors of damaged, truncated or unusual compressed data; the last four are those of odd names and numbers."""
DEEPEST = 5
"""How often a file may be packed."""
_FEW = 2048
"""Bytes of zstd data that are unpacked at once: at most 64 MiB come of them, in a file that is meant to fill memory."""
_AT_ONCE = 64 * 1024
_ALWAYS = 2**27
"""Bytes of memory that a file may always ask for: as much as `zstd` itself allows by default."""
_LARGEST_WINDOW = 2**31
_JUNK = re.compile(r"(?:^|/)(?:__MACOSX/|\._|\.DS_Store|Thumbs\.db)")
_ZIPPED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_OFFICE = ("[Content_Types].xml", "mimetype")
_LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_LONGEST_HEADER = 64 * 1024
"""Bytes of a name, or of further facts about a file of a tar, at most."""
_HOLES = "a file with holes: pack it again without --sparse"


class _Packer(Protocol):
    """What unpacks one frame. `unused_data` is what follows its end."""

    @property
    def eof(self) -> bool:
        """Whether the frame has ended."""

    @property
    def unused_data(self) -> bytes:
        """What was given and follows the frame."""

    def step(self, data: bytes) -> tuple[bytes, bytes]:
        """Returns what was unpacked, and what must be given again."""
        ...


class _Wrapped:
    """What gzip, bzip2, xz and zstd have in common: the unpacker within knows when its frame has ended."""

    _inner: Any

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)


class _Gzip(_Wrapped):
    def __init__(self, _start: bytes) -> None:
        self._inner = zlib.decompressobj(31)

    def step(self, data: bytes) -> tuple[bytes, bytes]:
        some = self._inner.decompress(data, CHUNK)
        return some, self._inner.unconsumed_tail


class _Kept(_Wrapped):
    """bzip2 and xz: their unpackers keep what they have not used yet."""

    def __init__(self, inner: "bz2.BZ2Decompressor | lzma.LZMADecompressor") -> None:
        self._inner = inner

    def step(self, data: bytes) -> tuple[bytes, bytes]:
        if not self._inner.needs_input:
            return self._inner.decompress(b"", CHUNK), data
        return self._inner.decompress(data, CHUNK), b""


class _Zstd(_Wrapped):
    def __init__(self, start: bytes) -> None:
        window = 0 if start[1:4] == b"\x2a\x4d\x18" else zstandard.get_frame_parameters(start).window_size
        if window > (most := _most_memory()):
            raise Unread(
                f"packed with a window of {_size(window)}, and this machine can spare {_size(most)}: "
                "pack it again without --long"
            )
        self._inner = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj()

    def step(self, data: bytes) -> tuple[bytes, bytes]:
        return self._inner.decompress(data[:_FEW]), data[_FEW:]


def unpacked(part: Part, depth: int = 0) -> Iterator[Part]:
    """Yields the files in a part, unpacked; the part itself if it is not packed. Read each before the next.

    Raises Unread for what can't be unpacked, and errors in DAMAGED, also while a file that it has yielded is read. A
    file in an archive that can't be unpacked is left out, and noted.
    """
    head = part.head()
    unpack = next((unpack for looks, unpack in _PACKED if looks(head)), None)
    if unpack is None:
        yield part
    elif depth >= DEEPEST:
        raise Unread(f"packed more than {DEEPEST} times")
    else:
        for each in unpack(part):
            try:
                yield from unpacked(each, depth + 1)
            except (Unread, *DAMAGED) as error:
                each.take(error)


def _compressed(
    title: str, looks: Callable[[bytes], object], new: Callable[[bytes], _Packer]
) -> Callable[[Part], Iterator[Part]]:
    def unpack(part: Part) -> Iterator[Part]:
        def told() -> None:
            part.notes.append(f"{part.name}: what follows the {title} data is something else, and is left out")

        yield part.of(readable(_frames(part.stream, looks, new, told)))

    return unpack


def _frames(
    stream: IO[bytes], looks: Callable[[bytes], object], new: Callable[[bytes], _Packer], on_other: Callable[[], None]
) -> Iterator[bytes]:
    """Yields what is in frames that follow each other, with zeros between them. As gzip does, ignores other data after.

    Raises EOFError when the data ends inside a frame.
    """
    data = stream.read(_AT_ONCE)
    while data:
        if not looks(data):
            on_other()
            return
        frame = new(data[:18])
        while not frame.eof:
            some, data = frame.step(data)
            if some:
                yield some
            elif not data and not frame.eof:
                data = stream.read(_AT_ONCE)
                if not data:
                    raise EOFError("the data ends too early")
        data = (frame.unused_data + data).lstrip(b"\0")
        while len(data) < 18 and (more := stream.read(_AT_ONCE)):
            data = (data + more).lstrip(b"\0")


def _zip(part: Part) -> Iterator[Part]:
    """Yields the files of a zip. Its table stands at its end, so what can't be read at any place is copied to disk."""
    stream = part.stream
    with tempfile.TemporaryFile() as copy:
        if not stream.seekable():
            shutil.copyfileobj(stream, copy, CHUNK)
            stream = copy
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if members and any(name in _OFFICE for name in archive.namelist()[:1]):
                raise Unread("an Office file: save the sheet as CSV")
            for member in members:
                if member.is_dir() or _JUNK.search(member.filename):
                    continue
                if why := _not_unpacked(member):
                    part.notes.append(f"{part.name}/{one_line(member.filename)} is {why}: unpack it first")
                    continue
                yield from _opened(part, archive, member)


def _not_unpacked(member: zipfile.ZipInfo) -> str:
    """Returns why a file of a zip can't be unpacked here; empty if it can."""
    if member.flag_bits & 1:
        return "encrypted"
    return "" if member.compress_type in _ZIPPED else f"zipped by method {member.compress_type}, which is not read"


def _opened(part: Part, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Part]:
    each = part.member(member.filename, io.BytesIO())
    try:
        with archive.open(member) as file:
            each.stream = _Streamed(file)  # type: ignore[assignment]
            yield each
    except DAMAGED as error:
        each.take(error)


def _tar(part: Part) -> Iterator[Part]:
    try:
        yield from _members(part)
    except (ValueError, LookupError, RecursionError) as error:  # what its class raises for headers that can't be
        raise tarfile.ReadError(f"a broken header ({error})") from error


def _members(part: Part) -> Iterator[Part]:
    with tarfile.open(fileobj=part.stream, mode="r|", tarinfo=_Header) as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # else it keeps all of them in memory
            file = archive.extractfile(member) if member.isfile() and not _JUNK.search(member.name) else None
            if file is not None:
                yield part.member(member.name, _Streamed(file))  # type: ignore[arg-type]
        while rest := archive.fileobj.read(CHUNK):
            if rest.strip(b"\0"):  # it takes a broken header for its end
                raise tarfile.ReadError("what follows there has no header of a file")


class _Header(tarfile.TarInfo):
    """A header of a tar. Without this, one that asks for gigabytes, for a long name or a list of holes, gets them."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Returns a header. Raises tarfile.ReadError for one that asks for more than any tool writes."""
        found = super().frombuf(buf, encoding, errors)
        if found.type in _LONG and not 0 <= found.size <= _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {found.size:,} bytes")
        if found.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError(_HOLES)
        return found

    def _proc_gnusparse_10(self, *_: object) -> None:
        raise tarfile.ReadError(_HOLES)


class _Streamed:
    """A file of an archive, read as it comes. Its class can go back, but would unpack it anew from its start."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read

    def seekable(self) -> bool:
        return False


def _most_memory() -> int:
    return int(max(_ALWAYS, psutil.virtual_memory().available // 2))


def _size(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number // 2**20:,} MiB"


def _xz(_start: bytes) -> _Packer:
    return _Kept(lzma.LZMADecompressor(memlimit=_most_memory()))


def _bzip2(_start: bytes) -> _Packer:
    return _Kept(bz2.BZ2Decompressor())


def _begins(pattern: bytes) -> Callable[[bytes], object]:
    return re.compile(pattern, re.DOTALL).match


_COMPRESSED: tuple[tuple[str, Callable[[bytes], object], Callable[[bytes], _Packer]], ...] = (
    ("gzip", _begins(rb"\x1f\x8b\x08"), _Gzip),
    ("zstd", _begins(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), _Zstd),
    ("bzip2", _begins(rb"BZh[1-9](?:1AY&SY|\x17rE8P)"), _bzip2),
    ("xz", _begins(rb"\xfd7zXZ\0|\x5d\0\0[\0-\xff]{2}\xff{8}"), _xz),
)
_PACKED: tuple[tuple[Callable[[bytes], object], Callable[[Part], Iterator[Part]]], ...] = (
    *((looks, _compressed(title, looks, new)) for title, looks, new in _COMPRESSED),
    (_begins(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"), _zip),
    (_begins(rb".{257}ustar"), _tar),
)
"""How packed data begins, and what unpacks it."""
