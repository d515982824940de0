"""A server that speaks as much CQL as a client asks that only wants to know the version: somebody else's Cassandra."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.ports import LOCAL

ERROR, STARTUP, READY, AUTHENTICATE, OPTIONS, SUPPORTED, QUERY, RESULT = 0, 1, 2, 3, 5, 6, 7, 8
AUTH_RESPONSE, AUTH_SUCCESS = 15, 16
_HEADER = struct.Struct(">BBhBi")
Answers = dict[int, tuple[int, bytes]]
"""By the opcode of what is asked: the opcode and the body of the answer."""


def string(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def error(code: int, message: str = "no") -> tuple[int, bytes]:
    """The answer that is an error of that code."""
    return ERROR, struct.pack(">i", code) + string(message)


def release(version: str) -> tuple[int, bytes]:
    """The answer to the query: a row of one text."""
    column = string("system") + string("local") + string("release_version") + b"\0\x0d"
    return RESULT, struct.pack(">iii", 2, 1, 1) + column + struct.pack(">ii", 1, len(version)) + version.encode()


LOGIN = (AUTHENTICATE, string("org.apache.cassandra.auth.PasswordAuthenticator"))
_OPTIONS = {"CQL_VERSION": ["3.4.7"], "COMPRESSION": []}
_SUPPORTED = struct.pack(">H", len(_OPTIONS)) + b"".join(
    string(name) + struct.pack(">H", len(values)) + b"".join(map(string, values)) for name, values in _OPTIONS.items()
)
USUAL: Answers = {
    OPTIONS: (SUPPORTED, _SUPPORTED),
    STARTUP: (READY, b""),
    QUERY: release("9.9.9"),
    AUTH_RESPONSE: (AUTH_SUCCESS, struct.pack(">i", -1)),
}


class CqlStub(socketserver.BaseRequestHandler):
    """Gives each request its answer, in the native protocol v4."""

    answers = USUAL

    def handle(self) -> None:
        while (head := self.request.recv(_HEADER.size)) and head[:1] == b"\x04":
            _, _, stream, asked, length = _HEADER.unpack(head)
            if length:
                self.request.recv(length)
            opcode, body = self.answers[asked]
            self.request.sendall(_HEADER.pack(0x84, 0, stream, opcode, len(body)) + body)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    """A client that forgets to close its connection fails its test; it does not hold it up."""


@contextmanager
def cql_server(changed: Answers | None = None) -> Iterator[int]:
    """The port of a Cassandra of version 9.9.9, whose answers can be changed."""
    stub = type("Changed", (CqlStub,), {"answers": {**USUAL, **(changed or {})}})
    with serving(stub) as port:
        yield port


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """The port of a server while the block runs."""
    with _Server((LOCAL, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
