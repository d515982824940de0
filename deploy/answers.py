"""Asks a server whether it answers in its protocol, and which version it is."""

import socket
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

SECONDS = 2.0
"""How long a server may take for each reply."""
_HEADER = struct.Struct(">BBhBi")
_REQUEST, _STREAM = 0x04, 1
_STARTUP, _READY, _AUTHENTICATE, _OPTIONS, _SUPPORTED, _QUERY, _RESULT = 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08
_AUTH_RESPONSE, _AUTH_SUCCESS = 0x0F, 0x10
_LONGEST_FRAME = 1 << 20


@dataclass(frozen=True)
class Answer:
    """What a server said: its version if it told, and what keeps it from serving us, if anything does.

    `passing` says that the problem goes by waiting.
    """

    version: str = ""
    problem: str = ""
    passing: bool = False


@dataclass(frozen=True)
class Login:
    """How to be let in to a Cassandra; nothing of it for the embedded one."""

    user: str = ""
    password: str = ""
    tls_ca: Path | None = None


def ask_redis(url: str) -> Answer | None:
    """PINGs a Redis; None if nothing there speaks Redis."""
    never = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=never)
    try:
        with client:
            client.ping()
            return Answer(str(client.info("server").get("redis_version", "")))
    except redis.BusyLoadingError:
        return Answer(problem="still loads its data", passing=True)
    except (redis.AuthenticationError, redis.ResponseError) as error:
        return Answer(problem=f"says: {str(error).rstrip('.')}")
    except (redis.RedisError, OSError):
        return None


def ask_cassandra(host: str, port: int, login: Login) -> Answer | None:
    """Asks OPTIONS in the native protocol v4, then the release; None if nothing there speaks CQL."""
    try:
        with _connect(host, port, login) as server:
            if _exchange(server, _OPTIONS)[0] != _SUPPORTED:
                return None
            return _release(server, login)
    except (OSError, ValueError, struct.error):
        return None


def _connect(host: str, port: int, login: Login) -> socket.socket:
    plain = socket.create_connection((host, port), timeout=SECONDS)
    if login.tls_ca is None:
        return plain
    context = ssl.create_default_context(cafile=login.tls_ca)
    context.check_hostname = False
    return context.wrap_socket(plain)


def _release(server: socket.socket, login: Login) -> Answer:
    said, body = _exchange(server, _STARTUP, b"\0\1" + _string("CQL_VERSION") + _string("3.0.0"))
    if said == _AUTHENTICATE:
        token = f"\0{login.user}\0{login.password}".encode()
        said, body = _exchange(server, _AUTH_RESPONSE, struct.pack(">i", len(token)) + token)
        if said != _AUTH_SUCCESS:
            return Answer(problem="refuses the login; set PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD")
    elif said != _READY:
        return Answer(problem="refuses the native protocol, version 4")
    query = b"SELECT release_version FROM system.local"
    said, body = _exchange(server, _QUERY, struct.pack(">i", len(query)) + query + b"\0\1\0")
    if said != _RESULT:
        return Answer(problem="cannot read its own version yet", passing=True)
    return Answer(_first_value(body))


def _exchange(server: socket.socket, asked: int, body: bytes = b"") -> tuple[int, bytes]:
    """Sends one frame and reads one: its opcode and body."""
    server.sendall(_HEADER.pack(_REQUEST, 0, _STREAM, asked, len(body)) + body)
    version, _, _, said, length = _HEADER.unpack(_read(server, _HEADER.size))
    if version & 0x80 == 0 or not 0 <= length <= _LONGEST_FRAME:
        raise ValueError("not the native protocol")
    return said, _read(server, length)


def _read(server: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        some = server.recv(size - len(got))
        if not some:
            raise ConnectionError("closed")
        got += some
    return got


def _string(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _first_value(rows: bytes) -> str:
    """The first row's only value, which ends the body of a result of one text column and one row."""
    at = rows.rindex(b"\x00\x0d\x00\x00\x00\x01") + 6  # the column's type (varchar), then the count of rows
    (length,) = struct.unpack_from(">i", rows, at)
    return rows[at + 4 : at + 4 + length].decode()
