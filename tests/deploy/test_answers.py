"""Servers of many kinds are asked whether they are a Cassandra."""

import contextlib
import logging
import socket
import socketserver
import ssl
import struct
import threading
import time
from pathlib import Path

import psutil
import pytest

from deploy import answers
from deploy.answers import Answer, Login, ask_cassandra
from tests.support.certificates import Authority
from tests.support.cql_server import (
    AUTH_RESPONSE,
    LOGIN,
    OPTIONS,
    QUERY,
    RESULT,
    STARTUP,
    Answers,
    CqlStub,
    cql_server,
    error,
    serving,
)
from tests.support.ports import LOCAL, free_port

NOBODY, ANN = Login(), Login("ann", "secret")
REFUSED = Answer(problem="refuses the login; set PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD")
BUSY = Answer(problem="refuses connections", passing=True)
NOT_YET = Answer(problem="cannot read its own version yet", passing=True)
NO_ROW = RESULT, struct.pack(">iiii", 2, 5, 0, 0)


@pytest.mark.parametrize(
    ("login", "changed", "answer"),
    [
        (NOBODY, {}, Answer("9.9.9")),
        (ANN, {}, Answer("9.9.9")),
        (ANN, {STARTUP: LOGIN}, Answer("9.9.9")),
        (ANN, {STARTUP: LOGIN, AUTH_RESPONSE: error(0x0100)}, REFUSED),
        (NOBODY, {STARTUP: LOGIN}, REFUSED),
        (NOBODY, {STARTUP: error(0x1001)}, BUSY),
        (NOBODY, {QUERY: error(0x0000)}, NOT_YET),
        (NOBODY, {QUERY: error(0x2200)}, NOT_YET),
        (NOBODY, {QUERY: NO_ROW}, NOT_YET),
        (NOBODY, {QUERY: (RESULT, b"\0\0\0\2\xff")}, NOT_YET),
        (
            NOBODY,
            {OPTIONS: error(0x000A, "Invalid or unsupported protocol version (4)")},
            Answer(problem="refuses the native protocol, version 4"),
        ),
    ],
)
def test_a_cassandra_says_its_version_or_what_keeps_it_from_serving(
    login: Login, changed: Answers, answer: Answer
) -> None:
    with cql_server(changed) as port:
        assert ask_cassandra(LOCAL, port, login) == answer


class Silent(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while self.request.recv(1024):
                pass


class Slow(socketserver.BaseRequestHandler):
    """Sends the beginning of an answer in CQL, one byte every 50 ms."""

    sent = struct.pack(">BBhBi", 0x84, 0, 0, 6, 10_000)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            for byte in self.sent + bytes(1000):
                self.request.sendall(bytes([byte]))
                time.sleep(0.05)


class Closing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1024)


class Web(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1024)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


class Redis(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1024)
        self.request.sendall(b"-ERR unknown command\r\n")


class Endless(socketserver.BaseRequestHandler):
    """Announces an answer of 2 GB in CQL."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.request.sendall(struct.pack(">BBhBi", 0x84, 0, 0, 6, 2**31 - 1))
            for _ in range(10_000):
                self.request.sendall(bytes(65536))


def sockets_to(port: int) -> list[object]:
    """The connections of this process to a port."""
    return [one for one in psutil.Process().net_connections("tcp") if one.raddr and one.raddr.port == port]


@pytest.mark.parametrize("server", [Silent, Slow, Closing, Web, Redis, Endless])
def test_another_server_is_none_in_time_and_nothing_is_left_or_logged(
    server: type[socketserver.BaseRequestHandler],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(answers, "SECONDS", 0.5)
    caplog.set_level(logging.DEBUG, "cassandra")
    with serving(server) as port:
        began = time.monotonic()
        assert ask_cassandra(LOCAL, port, ANN) is None
        assert time.monotonic() - began < 1.5
        assert not sockets_to(port)
    assert not caplog.records


def test_a_port_that_nobody_listens_on_is_none() -> None:
    assert ask_cassandra(LOCAL, free_port(), NOBODY) is None
    assert ask_cassandra("no.such.host.invalid", 9042, NOBODY) is None


def test_the_drivers_thread_ends_with_the_connection() -> None:
    with cql_server() as port:
        before = threading.active_count()
        for _ in range(20):
            assert ask_cassandra(LOCAL, port, NOBODY) == Answer("9.9.9")
        until = time.monotonic() + 10
        while threading.active_count() > before:
            assert time.monotonic() < until, threading.enumerate()
            time.sleep(0.01)
        assert not sockets_to(port)


class OverTls(CqlStub):
    context: ssl.SSLContext

    def setup(self) -> None:
        with contextlib.suppress(OSError):
            self.request = self.context.wrap_socket(self.request, server_side=True)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        self.request.close()


def problem(answer: Answer | None) -> str:
    return answer.problem if answer else ""


def test_a_cassandra_with_tls_answers_who_trusts_its_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SECONDS", 0.5)
    good, other = Authority(tmp_path / "good"), Authority(tmp_path / "other", "Stranger")
    with serving(type("Server", (OverTls,), {"context": good.issue(LOCAL).context()})) as port:
        assert ask_cassandra(LOCAL, port, Login(tls_ca=good.certificate)) == Answer("9.9.9")
        assert "unable to get local issuer" in problem(ask_cassandra(LOCAL, port, Login(tls_ca=other.certificate)))
        assert ask_cassandra(LOCAL, port, NOBODY) is None
    with serving(type("Server", (OverTls,), {"context": good.issue("db.example").context()})) as port:
        answer = ask_cassandra(LOCAL, port, Login(tls_ca=good.certificate))
        assert "certificate is not valid for '127.0.0.1'" in problem(answer)
    with socket.create_server((LOCAL, 0)) as silent:
        assert ask_cassandra(LOCAL, silent.getsockname()[1], Login(tls_ca=good.certificate)) is None
