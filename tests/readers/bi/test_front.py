"""The front: who is let in, and what reaches Spark. Spark's side is a small server that writes down what it gets."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from conf.errors import WrongUse
from conf.settings import Settings
from readers.bi import front
from readers.bi.front import BAD, COMPLETE, OK, START, Front, bound, check_binding
from readers.cli import main
from tests.support.hive_messages import call, framed, greeting, options, text

PASSWORD = "long-enough-密"


class Spark:
    """Takes connections as Spark does, answers each call by the same bytes, and keeps the calls."""

    def __init__(self) -> None:
        self.calls = list[bytes]()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._one, args=(self.listening.accept()[0],), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, EOFError):
            for _ in range(2):
                _, size = struct.unpack(">BI", exactly(connection, 5))
                exactly(connection, size)
            connection.sendall(greeting(COMPLETE, b""))
            while True:
                (size,) = struct.unpack(">I", exactly(connection, 4))
                self.calls.append(exactly(connection, size))
                connection.sendall(framed(self.calls[-1]))


def exactly(connection: socket.socket, size: int) -> bytes:
    """Returns so many bytes. Raises EOFError if the connection ends before."""
    got = b""
    while len(got) < size:
        some = connection.recv(size - len(got))
        if not some:
            raise EOFError
        got += some
    return got


@pytest.fixture
def spark() -> Iterator[Spark]:
    server = Spark()
    yield server
    server.listening.close()


@contextmanager
def fronted(spark: Spark, password: str = PASSWORD) -> Iterator[int]:
    listening = bound("127.0.0.1", 0)
    with Front(listening, spark.port, password):
        yield listening.getsockname()[1]


def connected(port: int, login: bytes, mechanism: bytes = b"PLAIN") -> tuple[socket.socket, int]:
    """Returns a connection, and the status of the answer to a login."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(greeting(START, mechanism) + greeting(OK, login))
    status, size = struct.unpack(">BI", exactly(connection, 5))
    exactly(connection, size)
    return connection, status


def ends(connection: socket.socket) -> bool:
    with suppress(ConnectionError):
        return connection.recv(1) == b""
    return True


def test_the_password_lets_in_and_calls_go_through_without_their_options(spark: Spark) -> None:
    with fronted(spark) as port:
        connection, status = connected(port, b"\0ana\0" + PASSWORD.encode())
        assert status == COMPLETE
        with connection:
            for size in (1, 100_000):
                said = text(2, "x" * size)
                connection.sendall(framed(call("ExecuteStatement", said, options(3, {"spark.a": "b"}))))
                expected = call("ExecuteStatement", said)
                assert exactly(connection, len(expected) + 4) == framed(expected)
    assert [len(found) for found in spark.calls] == [
        len(call("ExecuteStatement", text(2, "x" * n))) for n in (1, 100_000)
    ]


@pytest.mark.parametrize("login", [b"\0ana\0wrong", b"\0ana\0", b"", b"\0\0\0\0", PASSWORD.encode()])
def test_other_logins_do_not(spark: Spark, monkeypatch: pytest.MonkeyPatch, login: bytes) -> None:
    monkeypatch.setattr(front, "WRONG_PASSWORD", 0.01)
    with fronted(spark) as port:
        connection, status = connected(port, login)
        assert status == BAD
        assert ends(connection)
    assert spark.calls == []


def test_without_a_password_any_login_does(spark: Spark) -> None:
    with fronted(spark, "") as port:
        assert connected(port, b"\0ana\0x")[1] == COMPLETE


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        greeting(START, b"GSSAPI"),
        struct.pack(">BI", START, 0xFFFFFFFF),
        framed(call("OpenSession", text(2, "x"))),
    ],
)
def test_other_protocols_are_closed(spark: Spark, sent: bytes) -> None:
    with fronted(spark) as port, socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        with suppress(EOFError, ConnectionError):
            while connection.recv(4096):
                pass
    assert spark.calls == []


@pytest.mark.parametrize("sent", [framed(call("GetDelegationToken", text(2, "x"))), struct.pack(">I", 2**31)])
def test_a_call_that_does_not_pass_closes_its_connection_alone(spark: Spark, sent: bytes) -> None:
    with fronted(spark, "") as port:
        other, _ = connected(port, b"\0a\0b")
        connection, _ = connected(port, b"\0a\0b")
        connection.sendall(sent)
        assert ends(connection)
        other.sendall(framed(call("GetInfo")))
        assert exactly(other, 4)
        other.close()
    assert spark.calls == [call("GetInfo")]


def test_very_many_connections_are_closed_and_the_first_ones_stay(
    spark: Spark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "MOST", 3)
    with fronted(spark, "") as port:
        first = [connected(port, b"\0a\0b")[0] for _ in range(3)]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as more:
            assert ends(more)
        first[0].sendall(framed(call("GetInfo")))
        assert exactly(first[0], 4)
        for connection in first:
            connection.close()


def test_a_slow_greeting_is_closed(spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "GREETING", 0.05)
    with fronted(spark) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert ends(connection)


def test_other_machines_need_a_password(settings_alone: Settings) -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        check_binding(settings_alone, host)
    with pytest.raises(WrongUse, match=r"no password is set\. Set PULSO_BI_PASSWORD, or leave --host out"):
        check_binding(settings_alone, "0.0.0.0")
    check_binding(Settings(_env_file=None, bi_password=PASSWORD), "0.0.0.0")


@pytest.fixture
def settings_alone() -> Settings:
    return Settings(_env_file=None)


def test_the_command_refuses_such_an_address_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bi", "--host", "0.0.0.0"]) == 2
    assert capsys.readouterr().err.startswith("error: --host 0.0.0.0 lets other machines read the views")


def test_a_port_that_is_taken_is_told(spark: Spark, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bi", "--port", str(spark.port)]) == 2
    assert f"can't listen at 127.0.0.1:{spark.port}" in capsys.readouterr().err
