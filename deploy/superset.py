"""Runs Superset with a dashboard for each topic whose tables are published, for this machine alone.

Superset has a virtual environment of its own, `.venv-superset`, and keeps everything in `PULSO_HOME/superset`. Its key
and the password of its user `admin` are drawn at the first start, into files that only their owner can read.
"""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError
from conf.settings import Settings
from conf.stopping import told_to_stop
from deploy.children import end_part
from deploy.console import say
from deploy.credentials import write_private
from deploy.ports import Port, check_ports
from deploy.process import run_to_end, said
from deploy.superset_api import ask_health, import_bundle
from readers.bi.bi_cli import PORT as BI_PORT
from readers.published.folder import database_file
from readers.superset.bundle import Origin, bundle, of_file, of_views
from stores.elsewhere import is_address

LOCAL = "127.0.0.1"
ENVIRONMENT = ROOT / ".venv-superset"
FILES = ROOT / "readers" / "superset"
LOCK = ROOT / "requirements-superset-lock.txt"
GRACE, POLL = 20.0, 0.5
PATIENCE = 180.0
"""Seconds in which Superset must answer."""
FOLDER, PASSWORD = "superset", "admin_password"
APP = "superset.app:create_app()"


def run(settings: Settings, port: int, console: Console, bi_port: int = BI_PORT) -> None:
    """Runs Superset until SIGTERM or Ctrl-C. Raises PulsoError if it can't start, or ends by itself."""
    check_installed()
    origins = origins_of(settings, bi_port)
    check_ports((Port("Superset's page", LOCAL, port, "give another: python -m deploy superset --port 8089"),))
    home = settings.home / FOLDER
    variables = environment(home)
    with told_to_stop() as stopped:
        prepare(home, variables, console)
        with _served(home, variables, port) as part:
            _wait_for(part, home, port)
            import_bundle(f"http://{LOCAL}:{port}", (home / PASSWORD).read_text(encoding="utf-8"), bundle(origins))
            where = f"http://{LOCAL}:{port}/dashboard/list/"
            say(console, f"Superset: {where}, user admin, password in {home / PASSWORD}. Ctrl-C stops it")
            while not stopped.wait(POLL):
                _check_runs(part, home)
    say(console, "Superset stopped")


def origins_of(settings: Settings, bi_port: int) -> list[Origin]:
    """Returns the databases: the DuckDB file of each published topic, and the views of `make bi` where it runs.

    Raises PulsoError if nothing is published on this machine.
    """
    to = settings.publish_to or str(settings.home / "published")
    if is_address(to):
        raise PulsoError("PULSO_PUBLISH_TO is an address, and Superset reads files", "Set it to a folder, and publish")
    folder = Path(to).expanduser().absolute()
    topics = sorted(link.name for link in folder.glob("*") if database_file(folder, link.name).is_file())
    if not topics:
        fix = "Run .venv/bin/python -m readers publish --topic T first"
        raise PulsoError(f"no topic is published in {folder}", fix)
    origins = [of_file(topic, database_file(folder, topic)) for topic in topics]
    if _listens(bi_port):
        origins.append(of_views(bi_port, settings.bi_password.get_secret_value() if settings.bi_password else ""))
    return origins


def login_of(home: Path) -> str:
    """Returns the login of Superset as a comment among settings; empty if it was never started."""
    file = home / FOLDER / PASSWORD
    return f"# Superset: user admin, password {file.read_text(encoding='utf-8')}" if file.is_file() else ""


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex((LOCAL, port)) == 0


def check_installed() -> None:
    """Raises PulsoError if there is no Superset."""
    if not (ENVIRONMENT / ".made").is_file():
        raise PulsoError("Superset is not installed", "Run make superset, which installs it into .venv-superset")


def environment(home: Path) -> dict[str, str]:
    """Returns the environment of Superset's programs. They get none of Pulso's settings, and so no password."""
    hidden = ("PULSO_", "SUPERSET_", "X_BEARER_TOKEN", "MASTODON_TOKEN")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    ours = {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(FILES / "superset_config.py"),
        "FLASK_APP": APP,
        "PYTHONPATH": "",
        "PYTHONUNBUFFERED": "1",
    }
    return {**kept, **ours}


def prepare(home: Path, variables: dict[str, str], console: Console) -> None:
    """Draws the key and the password, and makes or updates Superset's database, where that is not done yet.

    Raises PulsoError if that fails.
    """
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    for name in ("secret_key", PASSWORD):
        if not (home / name).is_file():
            write_private(home / name, secrets.token_urlsafe(42 if name == "secret_key" else 18))
    stamp, lock = home / "prepared", LOCK.read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return
    say(console, "Superset: preparing its database (a minute or two, at the first start)")
    programs = ENVIRONMENT / "bin"
    run_to_end([programs / "superset", "db", "upgrade"], home, variables, _log(home))
    (home / "superset.db").chmod(0o600)
    run_to_end([programs / "superset", "init"], home, variables, _log(home))
    run_to_end([programs / "python", FILES / "admin.py"], home, variables, _log(home))
    write_private(stamp, lock)


@contextmanager
def _served(home: Path, variables: dict[str, str], port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Serves Superset while the block runs."""
    words = ["--workers", "1", "--worker-class", "gthread", "--threads", "8", "--timeout", "120", "--no-control-socket"]
    with _log(home).open("ab") as output:
        part = subprocess.Popen(
            [str(ENVIRONMENT / "bin" / "gunicorn"), *words, "--bind", f"{LOCAL}:{port}", APP],
            env=variables,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield part
    finally:
        end_part(part, GRACE)


def _wait_for(part: "subprocess.Popen[bytes]", home: Path, port: int) -> None:
    until = time.monotonic() + PATIENCE
    while not ask_health(f"http://{LOCAL}:{port}"):
        _check_runs(part, home)
        if time.monotonic() > until:
            raise PulsoError(f"Superset has not answered for {PATIENCE:.0f} s", f"See {_log(home)}")
        time.sleep(POLL)


def _check_runs(part: "subprocess.Popen[bytes]", home: Path) -> None:
    if part.poll() is not None:
        log = _log(home)
        raise PulsoError(f"Superset ended with code {part.returncode}: {said(log)[-200:]}", f"See {log}")


def _log(home: Path) -> Path:
    return home / "superset.log"
