"""Text in UTF-16 or UTF-32, told by its first bytes, as UTF-8."""

import codecs
from collections.abc import Iterator
from typing import IO

from conf.pieces import CHUNK, readable

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = {"x000": "utf-32-le", "000x": "utf-32-be", "x0x0": "utf-16-le", "0x0x": "utf-16-be"}
"""Where the zeros stand (`0`) among the first four bytes of text that begins with ASCII (`x`)."""
_ASCII = frozenset(b"\t\r\n" + bytes(range(32, 127)))


def encoding_of(head: bytes) -> str | None:
    """Returns the encoding of text that begins so, if it is UTF-16 or UTF-32; else None.

    It begins with a byte order mark, or else with ASCII, as JSON and tables do.
    """
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    return marked or _UNMARKED.get("".join("x" if byte in _ASCII else "0" if byte == 0 else "?" for byte in head[:4]))


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
