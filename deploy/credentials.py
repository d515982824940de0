"""Makes the logins of the embedded engines, and keeps them in the file that conf/credentials.py reads."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Literal

from conf.credentials import FILE, Credential, Credentials, read_credentials
from conf.errors import PulsoError

Engine = Literal["cassandra", "redis"]
USERS: dict[Engine, str] = {"cassandra": "pulso", "redis": "default"}
BYTES = 24
"""Of chance in a password."""


def keep_login(home: Path, engine: Engine, address: str) -> Credential:
    """Returns the login of an engine that is about to listen at `address`, and keeps it for the commands.

    The password is drawn the first time, and stays the same after that. Raises as `read_credentials` does.
    """
    kept = read_credentials(home)
    old: Credential | None = getattr(kept, engine)
    password = old.password if old else secrets.token_urlsafe(BYTES)
    login = Credential(user=USERS[engine], password=password, address=address)
    if login != old:
        _write(home, kept.model_copy(update={engine: login}))
    return login


def forget_address(home: Path, engine: Engine, address: str) -> None:
    """Keeps the login of an engine, but no longer for `address`: another server listens there now."""
    kept = read_credentials(home)
    old: Credential | None = getattr(kept, engine)
    if old and old.address == address:
        _write(home, kept.model_copy(update={engine: old.model_copy(update={"address": ""})}))


def as_settings(home: Path) -> str:
    """Returns the kept logins as lines of settings, with the addresses that they are for.

    Raises PulsoError if none is kept.
    """
    kept = read_credentials(home)
    lines = []
    if kept.cassandra and kept.cassandra.address:
        host, _, port = kept.cassandra.address.rpartition(":")
        lines += [f"PULSO_CASSANDRA_HOSTS={host}", f"PULSO_CASSANDRA_PORT={port}"]
        lines += [f"PULSO_CASSANDRA_USER={kept.cassandra.user}", f"PULSO_CASSANDRA_PASSWORD={kept.cassandra.password}"]
    if kept.redis and kept.redis.address:
        lines.append(f"PULSO_REDIS_URL=redis://:{kept.redis.password}@{kept.redis.address}/0")
    if not lines:
        fix = "Run make up; the logins of your own engines are where you set them"
        raise PulsoError(f"{home} has no logins of embedded engines", fix)
    return "\n".join(lines)


def write_private(file: Path, content: str | bytes) -> None:
    """Writes a file that only its owner can read, in one step: it is never half written, nor readable for a moment."""
    number, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # made for this call alone, mode 0600
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(content.encode() if isinstance(content, str) else content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(part).replace(file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _write(home: Path, credentials: Credentials) -> None:
    home.mkdir(parents=True, exist_ok=True)
    write_private(home / FILE, credentials.model_dump_json(indent=2) + "\n")
