"""The lines of a text file as spreadsheets write it: in any encoding, each of a bounded length."""

import codecs
import io
import re
from collections.abc import Iterator
from typing import IO, Any, cast

from conf.encodings import encoding_of, in_utf8
from conf.pieces import CHUNK, readable

LONGEST_LINE = 8 * 1024 * 1024
"""The most bytes of a line that are read, unless told otherwise."""
SEPARATORS = ",;\t|"
"""What separates the cells of a row, in the order in which they are tried."""
_CHUNK = 64 * 1024
WESTERN = "cp1252"
"""What a spreadsheet writes under Windows in the languages of Western Europe and America."""
_NOT_WESTERN = re.compile(rb"[\xc0-\xff]{5,}|[\x81\x8d\x8f\x90\x9d]")
"""Five letters beyond ASCII in a row, or bytes that stand for nothing: another alphabet."""


class Lines:
    """The lines of a stream, as text with their ends.

    Without an `encoding`, a line that is not UTF-8 is read as WESTERN, and `is_western` says so; after a line that is
    UTF-8 beyond ASCII, a bad byte becomes U+FFFD. Of a line with more than `longest` bytes, only so many and one more
    are yielded; then `quotes_cut` is the number of quotes in the rest.
    """

    def __init__(self, stream: IO[bytes], encoding: str | None = None, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._stream = _narrow(stream, encoding)
        self._encoding = encoding if encoding and _is_narrow(encoding) else None
        self._is_utf8 = False
        self.is_western = False
        self.quotes_cut = 0

    def __iter__(self) -> Iterator[str]:
        """Yields each line."""
        while raw := self._stream.readline(self._longest + 1):
            if len(raw) > self._longest and not raw.endswith(b"\n"):
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
            if self._is_utf8 or len(raw) > self._longest:
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


def hinted_separator(text: str) -> str | None:
    """Returns the separator that Excel's first line `sep=;` names; None if there is no such line."""
    line = text[:7].splitlines()[0] if text else ""
    return line[4] if len(line) == 5 and line.lower().startswith("sep=") else None


def _is_narrow(encoding: str) -> bool:
    return not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def _narrow(stream: IO[bytes], encoding: str | None) -> IO[bytes]:
    """Returns the stream without a mark at its start, with lines that end in a newline byte, UTF-16 as UTF-8."""
    source: Any = stream if hasattr(stream, "peek") else io.BufferedReader(stream, _CHUNK)
    wide = encoding if encoding and not _is_narrow(encoding) else encoding_of(source.peek(_CHUNK))
    if wide:
        source = in_utf8(source, wide)
    if source.peek(_CHUNK).startswith(codecs.BOM_UTF8):
        source.read(len(codecs.BOM_UTF8))
    head = source.peek(_CHUNK)
    if b"\n" not in head and b"\r" in head[:-1]:  # an old Macintosh's line ends
        return readable(chunk.replace(b"\r", b"\n") for chunk in iter(lambda: source.read(CHUNK), b""))
    return cast(IO[bytes], source)
