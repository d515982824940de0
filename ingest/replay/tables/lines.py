"""The lines of a text file as spreadsheets write it: in any encoding, each of a bounded length."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from ingest.formats.detect import LONGEST_LINE

_CHUNK = 64 * 1024
_BOMS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"))
_BOMS_16 = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
WESTERN = "cp1252"
"""What a spreadsheet writes under Windows in the languages of Western Europe and America."""
_NOT_WESTERN = re.compile(rb"[\xc0-\xff]{5,}|[\x81\x8d\x8f\x90\x9d]")
"""Five letters beyond ASCII in a row, or bytes that stand for nothing: another alphabet."""


class Lines:
    """The lines of a stream, as text with their ends.

    Without an `encoding`, a line that is not UTF-8 is read as WESTERN, and `is_western` says so; after a line that is
    UTF-8 beyond ASCII, a bad byte becomes U+FFFD. Of a line with more than LONGEST_LINE bytes, only so many and one
    more are yielded; then `quotes_cut` is the number of quotes in the rest.
    """

    def __init__(self, stream: IO[bytes], encoding: str | None = None) -> None:
        self._stream = _narrow(stream, encoding)
        self._encoding = encoding if encoding and _narrow_name(encoding) else None
        self._is_utf8 = False
        self.is_western = False
        self.quotes_cut = 0

    def __iter__(self) -> Iterator[str]:
        """Yields each line."""
        while raw := self._stream.readline(LONGEST_LINE + 1):
            if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
                self._skip()
            yield raw.decode("ascii") if raw.isascii() else self._decoded(raw)

    def _skip(self) -> None:
        self.quotes_cut = 0
        while rest := self._stream.readline(_CHUNK):
            self.quotes_cut += rest.count(b'"')
            if rest.endswith(b"\n"):
                return

    def _decoded(self, raw: bytes) -> str:
        if self._encoding:
            return raw.decode(self._encoding, "replace")
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            if self._is_utf8 or len(raw) > LONGEST_LINE:
                return raw.decode("utf-8", "replace")
            self.is_western = True
            return raw.decode(WESTERN, "replace")
        self._is_utf8 = True
        return line


def is_other_alphabet(sample: bytes) -> bool:
    """Returns whether the bytes are neither UTF-8 nor WESTERN. The last line of the sample may be cut."""
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    try:
        whole.decode()
    except UnicodeDecodeError:
        return bool(_NOT_WESTERN.search(whole))
    return False


def _narrow_name(encoding: str) -> bool:
    return not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def _narrow(stream: IO[bytes], encoding: str | None) -> IO[bytes]:
    """Returns the stream without a mark at its start, with lines that end in a newline byte, UTF-16 as UTF-8."""
    source: Any = stream if hasattr(stream, "peek") else io.BufferedReader(stream, _CHUNK)
    head = source.peek(_CHUNK)
    if encoding and not _narrow_name(encoding):
        return _converted(source, _as_utf8(encoding))
    if head.startswith(codecs.BOM_UTF8):
        source.read(3)
        return cast(IO[bytes], source)
    wide = next((name for mark, name in (*_BOMS, *_BOMS_16) if head.startswith(mark)), None) or _unmarked(head[:4])
    if wide:
        return _converted(source, _as_utf8(wide))
    if b"\n" not in head and b"\r" in head[:-1]:  # an old Macintosh's line ends
        return _converted(source, lambda chunk: chunk.replace(b"\r", b"\n"))
    return cast(IO[bytes], source)


def _unmarked(head: bytes) -> str | None:
    """Returns the encoding of text in UTF-16 that has no mark."""
    return {b"x0x0": "utf-16-le", b"0x0x": "utf-16-be"}.get(bytes(b"0"[0] if byte == 0 else b"x"[0] for byte in head))


def _as_utf8(encoding: str) -> Callable[[bytes], bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    return lambda chunk: decoder.decode(chunk, final=not chunk).encode(errors="replace")


def _converted(source: IO[bytes], convert: Callable[[bytes], bytes]) -> IO[bytes]:
    return io.BufferedReader(_Converted(source, convert), _CHUNK)


class _Converted(io.RawIOBase):
    """A stream whose chunks pass a function; it gets an empty chunk at the end."""

    def __init__(self, source: IO[bytes], convert: Callable[[bytes], bytes]) -> None:
        self._source, self._convert = source, convert
        self._ready = b""
        self._at_end = False

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Puts the next bytes into the buffer; returns how many, 0 at the end."""
        while not self._ready and not self._at_end:
            chunk = self._source.read(_CHUNK)
            self._at_end = not chunk
            self._ready = self._convert(chunk)
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
