"""JSON documents in text: one a line, in an array, pretty-printed, or one after the other, and all of these mixed.

Brackets of arrays, commas and white space between documents are skipped. So an array's elements are documents. Only one
document is in memory at a time, and of a longer one than LONGEST_LINE only the start. A broken document costs none of
its neighbours: what it has swallowed is looked at again line by line.
"""

import io
import re
from collections.abc import Iterator
from typing import IO

from ingest.formats.detect import LONGEST_LINE
from ingest.replay.part import Document, Part

_BETWEEN = re.compile(rb"(?:[\s,\[\]\x00\x1e]|\xef\xbb\xbf)*+")
_NO_JSON = re.compile(rb'[^"{]*+(?:"[^\n]*+\n?)?')
_EMPTIES = re.compile(rb"\{\s*+\}(?:[\s,]*+\{\s*+\})++")
"""Two or more objects with nothing in them: one document, as there is nothing to tell them apart by."""
_OPENING, _CLOSING = b"{}"
_STRING = rb'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+'
_IN_STRING = re.compile(_STRING, re.DOTALL)
_TO_BRACE = re.compile(rb'(?:[^"{}]++|"' + _STRING + rb'")*+', re.DOTALL)


def json_documents(part: Part) -> Iterator[Document]:
    """Yields each document with its line's number, and with `#2` and so on for further ones in the same line.

    A line that is no JSON is yielded as it is, and a blank line as nothing, since it may be a heartbeat. A document
    that is too long is cut to LONGEST_LINE plus one byte.
    """
    reader = _Reader(part.stream)
    while piece := reader.next_piece():
        if _is_one_document(piece):
            yield str(reader.line), piece
        else:
            yield from _placed(reader.line, _of(reader, piece))


def bounded_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yields each line with its number, from 1. Of a line over LONGEST_LINE, that much is yielded plus one byte."""
    reader = _Reader(stream)
    while line := reader.next_piece():
        number = reader.line
        while not reader.at_line_start and reader.next_piece():
            pass
        yield number, line


def _is_one_document(piece: bytes) -> bool:
    """Returns whether a line looks like one whole object, as nearly all lines of captures do."""
    text = piece.rstrip()
    return (
        text[:1] == b"{"
        and text[-1:] == b"}"
        and piece[-1:] == b"\n"
        and b"}{" not in text
        and b"} {" not in text
        and text.count(b"{") == text.count(b"}")
    )


def _placed(first: int, found: Iterator[tuple[int, bytes]]) -> Iterator[Document]:
    before = of_line = 0
    for line, document in found:
        of_line = of_line + 1 if line == before else 1
        before = line
        yield f"{line}#{of_line}" if of_line > 1 else str(line), document


class _Reader:
    """Reads a stream in pieces: lines, or parts of LONGEST_LINE + 1 bytes of longer ones. `line` counts the lines."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.line = 0
        self.at_line_start = True

    def next_piece(self) -> bytes:
        """Returns the next piece; nothing at the end."""
        piece = self._stream.readline(LONGEST_LINE + 1)
        self.line += self.at_line_start and bool(piece)
        self.at_line_start = piece.endswith(b"\n")
        return piece


def _of(reader: _Reader, piece: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the documents that begin in a piece. The last one may reach into later pieces, and so on."""
    at = 0
    if not piece.strip(b" \t\r\n\0"):
        yield reader.line, b""
    while piece:
        at = _BETWEEN.match(piece, at).end()  # type: ignore[union-attr]
        if at == len(piece):
            if reader.at_line_start:
                return
            piece, at = reader.next_piece(), 0
        elif empties := _EMPTIES.match(piece, at):
            yield reader.line, empties[0]
            at = empties.end()
        elif piece[at] in b"{":
            value = _Value(reader.line)
            piece, at = _take(reader, value, piece, at)
            yield from value.documents()
        else:
            end = _NO_JSON.match(piece, at).end()  # type: ignore[union-attr]
            yield reader.line, piece[at:end]
            at = end


def _take(reader: _Reader, value: "_Value", piece: bytes, at: int) -> tuple[bytes, int]:
    """Reads one object from its first byte on. Returns the piece after it, and the position there."""
    at = value.take(piece, at)
    while not value.ended:
        starts_line = reader.at_line_start
        piece, at = reader.next_piece(), 0
        if not piece:
            value.broken = True
            break
        if starts_line and value.cannot_hold(piece):
            value.broken = True
            break
        at = value.take(piece, at)
    return piece, at


class _Value:
    """One object that is being read, in pieces. It begins in the line with the number `first`."""

    def __init__(self, first: int) -> None:
        self.ended = self.broken = False
        self._first = first
        self._depth = 0
        self._last = b""
        self._in_string = self._escaped = False
        self._text = bytearray()

    def documents(self) -> Iterator[tuple[int, bytes]]:
        """Yields the object or, if it is broken, the lines in it that are whole, and what is between them."""
        if not self.broken:
            yield self._first, bytes(self._text)
            return
        between, began = bytearray(), self._first
        for line, text in enumerate(io.BytesIO(self._text), self._first):
            if line != self._first and _is_one_document(text):
                if between.strip():
                    yield began, bytes(between)
                yield line, text
                between.clear()
            else:
                began = began if between else line
                between += text
        if between.strip():
            yield began, bytes(between)

    def cannot_hold(self, line: bytes) -> bool:
        """Returns whether a line begins an object that can't be inside this one, so that this one is broken."""
        if line[:1] not in (b"{", b"["):
            return False
        return self._last not in (b":", b",", b"[")

    def take(self, piece: bytes, at: int) -> int:
        """Reads on; returns the position after the object, or the length of the piece if it goes on."""
        end = self._end_in(piece, at)
        self._text += piece[at : min(end, at + LONGEST_LINE + 1 - len(self._text))]
        self._last = piece[at:end].rstrip()[-1:] or self._last
        return end

    def _end_in(self, piece: bytes, at: int) -> int:
        while at < len(piece):
            if self._in_string:
                at = self._string_end(piece, at)
                continue
            at = _TO_BRACE.match(piece, at).end()  # type: ignore[union-attr]
            if at == len(piece):
                break
            found = piece[at]
            at += 1
            if found == _OPENING:
                self._depth += 1
            elif found == _CLOSING:
                self._depth -= 1
                if not self._depth:
                    self.ended = True
                    return at
            else:
                self._in_string = True
        return at

    def _string_end(self, piece: bytes, at: int) -> int:
        """Returns the position after a string. At the end of a line it is broken: JSON has no line ends in strings."""
        at += self._escaped
        self._escaped = False
        at = _IN_STRING.match(piece, at).end()  # type: ignore[union-attr]
        if at >= len(piece):
            return at
        self._in_string = False
        if piece[at] == ord("\\"):
            self._in_string = self._escaped = True
        elif piece[at] == ord("\n"):
            self.ended = self.broken = True
            return len(piece)
        return at + 1
