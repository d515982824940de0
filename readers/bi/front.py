"""The port that BI programs reach: asks for the password, and passes on to Spark only calls that may go through.

Spark's Thrift Server takes a password only with Java code of one's own, LDAP or PAM. So this stands before it, and
speaks the start of the protocol (SASL, mechanism PLAIN) itself. What passes is not encrypted: docs/bi.md says how to
put TLS before it.
"""

import asyncio
import secrets
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog

from conf.errors import WrongUse
from conf.settings import Settings, is_loopback
from readers.bi.messages import NotOurs, passed

log = structlog.get_logger("bi")

START, OK, BAD, ERROR, COMPLETE = 1, 2, 3, 4, 5
MECHANISM = b"PLAIN"
GREETING = 10.0
"""Seconds that the start of a connection may take."""
WRONG_PASSWORD = 1.0
LARGEST = 1024 * 1024
"""Bytes of the largest message of a program."""
MOST = 64
"""Connections at a time."""
BACK = 64 * 1024
OURS = b"\0pulso\0pulso"


class _Closed(Exception):
    """A connection that ends here, and why."""


def check_binding(settings: Settings, host: str) -> None:
    """Raises WrongUse if other machines could read the views at this address without a password."""
    if not (is_loopback(host) or settings.bi_password):
        what = f"--host {host} lets other machines read the views, and no password is set"
        raise WrongUse(what, "Set PULSO_BI_PASSWORD, or leave --host out and reach it by SSH (docs/bi.md)")


def bound(host: str, port: int) -> socket.socket:
    """Returns a socket at an address. Raises WrongUse if that is taken, or not of this machine."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        why = error.strerror or str(error)
        raise WrongUse(f"can't listen at {host}:{port} ({why})", "Give another --port, or --port 0") from None
    return listening


class Front:
    """Listens in a thread of its own, until it is closed."""

    def __init__(self, listening: socket.socket, backend: int, password: str) -> None:
        self._listening, self._backend, self._password = listening, backend, password.encode()
        self._open = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)

    def __enter__(self) -> "Front":
        self._listening.listen(MOST)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._closed.set)
        self._thread.join()

    async def _listen(self) -> None:
        """Serves until `_closed` is set. What is open then ends with the loop."""
        self._loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, sock=self._listening)
        self._ready.set()
        await self._closed.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        spark: asyncio.StreamWriter | None = None
        try:
            if self._open > MOST:
                raise _Closed(f"more than {MOST} connections at a time")
            async with asyncio.timeout(GREETING):
                await self._greet(reader, writer)
                answers, spark = await asyncio.open_connection("127.0.0.1", self._backend)
                await _greet_spark(answers, spark)
            await _both(_calls(reader, spark), _answers(answers, writer))
        except (_Closed, NotOurs) as error:
            log.warning(f"connection closed: {error}")
        except (OSError, EOFError, TimeoutError):
            pass  # it has gone
        except asyncio.CancelledError:
            pass  # the front is closed; asyncio would log an error for each connection
        finally:
            self._open -= 1
            writer.close()
            if spark is not None:
                spark.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lets a program in. Raises _Closed for a wrong password, or another protocol."""
        status, mechanism = await _read(reader)
        if status != START or mechanism != MECHANISM:
            await _refuse(writer, "this server speaks SASL with the mechanism PLAIN")
        status, given = await _read(reader)
        parts = given.split(b"\0")
        if status not in (OK, COMPLETE) or len(parts) != 3:
            await _refuse(writer, "a login is a user and a password")
        if self._password and not secrets.compare_digest(parts[2], self._password):
            await asyncio.sleep(WRONG_PASSWORD)
            await _refuse(writer, "wrong password")
        await _write(writer, COMPLETE, b"")


async def _greet_spark(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begins a connection with Spark. Raises _Closed if it does not want it."""
    await _write(writer, START, MECHANISM)
    await _write(writer, OK, OURS)
    status, _ = await _read(reader)
    if status != COMPLETE:
        raise _Closed("Spark does not take the connection")


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Returns a message of the start: its status, and what it says."""
    status, size = struct.unpack(">BI", await reader.readexactly(5))
    if size > 4096:
        raise _Closed("no start of Hive's protocol")
    return status, await reader.readexactly(size)


async def _write(writer: asyncio.StreamWriter, status: int, content: bytes) -> None:
    writer.write(struct.pack(">BI", status, len(content)) + content)
    await writer.drain()


async def _refuse(writer: asyncio.StreamWriter, why: str) -> None:
    with suppress(OSError):
        await _write(writer, BAD, why.encode())
    raise _Closed(why)


async def _calls(reader: asyncio.StreamReader, spark: asyncio.StreamWriter) -> None:
    """Passes a program's calls on to Spark."""
    while True:
        (size,) = struct.unpack(">I", await reader.readexactly(4))
        if not size:
            continue
        if size > LARGEST:
            raise NotOurs(f"a message of {size:,} bytes")
        call = passed(await reader.readexactly(size))
        spark.write(struct.pack(">I", len(call)) + call)
        await spark.drain()


async def _answers(spark: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes Spark's answers back, as they are."""
    while some := await spark.read(BACK):
        writer.write(some)
        await writer.drain()


async def _both(*two: Coroutine[Any, Any, None]) -> None:
    """Runs both until one ends, and ends the other. Raises what the first one raised."""
    tasks = [asyncio.ensure_future(one) for one in two]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
