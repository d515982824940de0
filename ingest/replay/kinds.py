"""What a part of a capture is, told by its first bytes, never by its name.

To read another kind of file, add it to READ: what its first bytes are, and what yields its posts as JSON documents.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from conf.encodings import encoding_of, in_utf8
from ingest.replay.event_stream import event_stream
from ingest.replay.json_documents import json_documents
from ingest.replay.part import Document, Part, Unread
from ingest.replay.unpacking import DAMAGED

_JSON = re.compile(rb"(?:\xef\xbb\xbf|[\s\x00\x1e,])*+[{\[](?!\s*\{?\s*')|(?s:.*?)\n(?:\{\s*[\"}]|\[\s*\{)")
_EVENTS = re.compile(rb"(?:\xef\xbb\xbf)?(?:(?:event|data|id|retry)?:[^\n]*\n\s*)+")
TABLE, TEXT = "a table or other text, not JSON", "text that is not JSON"
_TABLE = re.compile(rb"[^\n\"{}<>]{1,200}[,;\t][^\n{}<>]{0,5000}(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is read: its name for people, how its first bytes look, and what reads its documents."""

    title: str
    looks: Callable[[bytes], object]
    read: Callable[[Part], Iterator[Document]]


READ: tuple[Kind, ...] = (
    Kind("server-sent events", _EVENTS.match, event_stream),
    Kind("JSON", _JSON.match, json_documents),
)
"""The kinds that are read, in the order in which they are tried. Their bytes are unpacked, and text is in UTF-8."""

NOT_READ: tuple[tuple[str, Callable[[bytes], object]], ...] = tuple(
    (title, re.compile(pattern, re.DOTALL | re.IGNORECASE).match)
    for title, pattern in (
        ("a Parquet file", rb"PAR1"),
        ("an Avro file", rb"Obj\x01"),
        ("an ORC file", rb"ORC"),
        ("an Arrow file", rb"ARROW1"),
        ("an SQLite database", rb"SQLite format 3\0"),
        ("an old Excel or Word file: save the sheet as CSV", rb"\xd0\xcf\x11\xe0"),
        ("a PDF", rb"%PDF"),
        ("a picture", rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP"),
        ("a film or a sound", rb"....ftyp|ID3|OggS|RIFF|\x1aE\xdf\xa3"),
        ("a 7z archive: unpack it first", rb"7z\xbc\xaf\x27\x1c"),
        ("a RAR archive: unpack it first", rb"Rar!"),
        ("packed by lz4: unpack it first", rb"\x04\x22\x4d\x18"),
        ("packed by snappy: unpack it first", rb"\xff\x06\0\0sNaPpY"),
        ("packed by compress: unpack it first", rb"\x1f[\x9d\xa0]"),
        ("an R data file: write it as JSON or CSV", rb"RD[AX][0-9]\n|X\n\0\0\0"),
        ("a Python pickle: write it as JSON", rb"\x80[\x02-\x05]."),
        ("a web archive (WARC)", rb"WARC/"),
        ("a program", rb"\x7fELF|MZ"),
        ("a pointer of Git LFS: fetch the file itself with `git lfs pull`", rb"version https://git-lfs"),
        ("a part of the archive that X gives to an account's owner, which does not name the author", rb"window\.YTD"),
        ("JavaScript", rb"\s*(?:window\.|var |const |let |function)"),
        ("a web page", rb"(?:\xef\xbb\xbf|\s)*<(?:!doctype\s+html|html)"),
        ("XML", rb"(?:\xef\xbb\xbf|\s)*<\?xml"),
        ("Python's notation, not JSON: write it with json.dumps", rb"\s*\[?\s*\{'"),
        ("data of an unknown kind", rb".*?[\0-\x08\x0e-\x1a]"),
        (TABLE, _TABLE.pattern),
        (TEXT, rb"."),
    )
)
"""The kinds that are not read: what a person is told, and how their first bytes look."""


def documents(parts: Iterable[Part]) -> Iterator[Document]:
    """Yields the JSON documents of unpacked parts, each with its place: file and line.

    Raises Unread for a part of a kind that is not read, and errors in DAMAGED. In an archive, such a file is left out,
    and noted.
    """
    for each in parts:
        try:
            yield from _documents_of(each)
        except (Unread, *DAMAGED) as error:
            each.take(error)


def _documents_of(part: Part) -> Iterator[Document]:
    head = part.head()
    if not head:
        return
    encoding = encoding_of(head)
    inner = part.of(in_utf8(part.stream, encoding)) if encoding else part
    for place, document in _kind_of(inner.head() if encoding else head).read(inner):
        yield f"{part.name}:{place}", document


def may_be_table(head: bytes) -> bool:
    """Returns whether what begins so is text, and of no kind that is known."""
    encoding = encoding_of(head)
    try:
        _kind_of(head.decode(encoding, "replace").encode() if encoding else head)
    except Unread as what:
        return str(what) in (TABLE, TEXT)
    return False


def _kind_of(head: bytes) -> Kind:
    for kind in READ:
        if kind.looks(head):
            return kind
    raise Unread(next((title for title, looks in NOT_READ if looks(head)), "empty"))
