"""`python -m readers serve`: serves the web page."""

import ctypes
import socket
import sys
from contextlib import suppress
from typing import Annotated

import typer

from conf.settings import load_settings

PORT = 8350


_ARENA_MAX, _TRIM_THRESHOLD, _MMAP_THRESHOLD = -8, -1, -3
"""The numbers of glibc's parameters (malloc.h)."""


class _WithoutArrow:
    """Keeps pyarrow from being found: pandas would load it, and its 45 MB, but the page needs no Parquet."""

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError(f"the page does without {name}", name=name)


def _share_memory() -> None:
    """Lets all threads take memory from one place, and gives it back early, where the C library is glibc.

    By default each thread has a place of its own, and of what a page needed for a moment much stays in it.
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_TRIM_THRESHOLD, 64 * 1024)
        mallopt(_MMAP_THRESHOLD, 64 * 1024)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; other machines reach only another than this.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.", min=0, max=65535)] = PORT,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in this machine's browser.")] = False,
) -> None:
    """Serve the web page: the poll, trends, networks, search, quality and method. Ctrl-C ends it."""
    _share_memory()
    sys.meta_path.insert(0, _WithoutArrow())
    import webbrowser

    import uvicorn

    from conf.errors import WrongUse
    from readers.page.access import check_binding
    from readers.page.app import app_of

    settings = load_settings()
    check_binding(settings, host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        why = error.strerror or str(error)
        raise WrongUse(f"can't listen at {host}:{port} ({why})", "Give another --port, or --port 0") from None
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/"
    typer.echo(f"the page: {address} (Ctrl-C ends it)", err=True)
    config = uvicorn.Config(
        app_of(settings, host),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=5,  # a page asks for itself once a minute: no connection is worth keeping that long
        limit_concurrency=800,  # below the 1,024 files that a process may usually open
        timeout_graceful_shutdown=3,
    )
    listening.listen(128)  # so that a browser that is opened now waits for the first answer
    if open_:
        webbrowser.open(address)
    uvicorn.Server(config).run(sockets=[listening])
