"""Text in UTF-16 or UTF-32, told by its first bytes, as UTF-8."""

import codecs
from collections.abc import Iterator
from typing import IO

from ingest.replay.part import CHUNK, readable

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    *((first + b"\0\0\0", "utf-32-le") for first in (b"{", b"[")),
    *((b"\0\0\0" + first, "utf-32-be") for first in (b"{", b"[")),
    *((first + b"\0", "utf-16-le") for first in (b"{", b"[")),
    *((b"\0" + first, "utf-16-be") for first in (b"{", b"[")),
)
"""How text begins: with a byte order mark, or else with the first character of JSON."""


def encoding_of(head: bytes) -> str | None:
    """Returns the encoding of text that begins so, if it is UTF-16 or UTF-32; else None."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


def in_utf8(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """Returns the text in UTF-8. What is broken becomes U+FFFD."""
    return readable(_recoded(stream, encoding))


def _recoded(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while True:
        some = stream.read(CHUNK)
        text = decoder.decode(some, final=not some)
        if text:
            yield text.encode()
        if not some:
            return
