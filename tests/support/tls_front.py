"""A server that ends TLS and passes the bytes on to another port, as stunnel does. For servers that know no TLS."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.certificates import Issued
from tests.support.ports import LOCAL

CHUNK = 65536


@dataclass
class Front:
    """A running server: its port, and how many clients have trusted its certificate so far."""

    port: int = 0
    trusted: int = 0


@contextmanager
def tls_front(issued: Issued, target: int, inner: ssl.SSLContext | None = None) -> Iterator[Front]:
    """Serves TLS with a certificate on a free port of this machine, in front of the port `target`.

    `inner` encrypts the connection to that port, too.
    """
    loop, front = asyncio.new_event_loop(), Front()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        front.trusted += 1  # only now: the client has ended its side of the handshake
        with contextlib.suppress(OSError):
            answers, requests = await asyncio.open_connection(LOCAL, target, ssl=inner)
            await asyncio.gather(_pass_on(reader, requests), _pass_on(answers, writer))
        writer.close()

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(serve, LOCAL, 0, ssl=issued.context())

    server = loop.run_until_complete(begin())
    front.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield front
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
