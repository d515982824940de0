"""Server-sent events, as a server sends them and `curl` keeps them.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html. Mastodon streams in it.
"""

from collections.abc import Iterator

import msgspec

from ingest.formats.detect import LONGEST_LINE
from ingest.replay.json_documents import bounded_lines
from ingest.replay.part import Document, Part


def event_stream(part: Part) -> Iterator[Document]:
    """Yields each event that has data as `{"event": …, "payload": …}`, with the number of its first line."""
    event, data, began = "message", bytearray(), 1
    for number, line in bounded_lines(part.stream):
        name, _, value = line.strip().removeprefix(b"\xef\xbb\xbf").partition(b":")
        value = value.removeprefix(b" ")
        if not name and not value:
            if data:
                yield str(began), _document(event, bytes(data[:-1]))
            event, data, began = "message", bytearray(), number + 1
        elif name == b"event":
            event = value.decode(errors="replace")
        elif name == b"data" and len(data) <= LONGEST_LINE:
            data += value + b"\n"
    if data:
        yield str(began), _document(event, bytes(data[:-1]))


def _document(event: str, data: bytes) -> bytes:
    """Returns an event as JSON; a deletion's data, an id, is JSON as well."""
    if data == b"undefined":
        return msgspec.json.encode({"event": event})
    return b'{"event":%b,"payload":%b}' % (msgspec.json.encode(event), data)
