"""Runs the server of BI until it is told to stop: Spark, the views, the front, and the watchdog."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from conf.settings import Settings
from conf.stopping import told_to_stop
from readers.bi.front import Front, bound, check_binding
from readers.bi.parts import Parts
from readers.bi.spark import Server
from readers.bi.watch import watch
from readers.files import locked, told_of_disk
from stores.connect import cassandra_session

FOLDER = "bi"
"""The folder in PULSO_HOME that has the files of the views while the server runs."""


def run(settings: Settings, host: str, port: int, min_followers: int) -> None:
    """Serves until SIGTERM or Ctrl-C. Raises PulsoError if it can't start, or if Spark does not answer any more."""
    check_binding(settings, host)
    with ExitStack() as stack, told_to_stop() as stopped:
        listening = stack.enter_context(bound(host, port))
        session = stack.enter_context(cassandra_session(settings))
        folder = stack.enter_context(_own_folder(settings.home / FOLDER))
        typer.echo("Spark starts …", err=True)
        server = Server(folder)
        stack.callback(_end, server)
        parts = Parts(session, settings, folder / "parts", server.sql, min_followers=min_followers)
        parts.begin()
        password = settings.bi_password.get_secret_value() if settings.bi_password else ""
        stack.enter_context(Front(listening, server.listen(parts.refresh), password))
        typer.echo(_address(listening, asks=bool(password)), err=True)
        watch(server.answers, stopped)
    typer.echo("ended", err=True)


def _address(listening: socket.socket, *, asks: bool) -> str:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    login = "any user, and the password PULSO_BI_PASSWORD" if asks else "any user and password"
    return f"BI: jdbc:hive2://{shown}:{port}/default, {login} (Ctrl-C ends it)"


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder that only this user can read; it is gone at the end."""
    with told_of_disk(folder, "PULSO_HOME", "Nothing was started"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    with locked(folder.with_name(f"{folder.name}.lock"), "serving BI from this PULSO_HOME", 0.0):
        try:
            _empty(folder)
            yield folder
        finally:
            _empty(folder)


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _end(server: Server) -> None:
    """Ends Spark; kills it if it does not end by itself."""
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    stopping.join(20.0)
    server.kill()
