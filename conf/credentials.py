"""The logins of the embedded engines, in PULSO_HOME/credentials: `up` makes them, every command reads them here.

The environment alone decides where a command connects. Only if it names an embedded engine, and no login, is the login
of that engine taken from the file. The file says for which address each login is, so that no other server gets it.
"""

from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conf.errors import PulsoError
from conf.settings import Settings

FILE = "credentials"
RESTORE = "Put back the file that `make up` wrote, or delete it and run make up"


class Credential(BaseModel):
    """A user and its password. `address` is where this login is for, as host:port; empty for a login of one's own."""

    model_config = ConfigDict(frozen=True)

    user: str
    password: str = Field(repr=False)
    address: str = ""


class Credentials(BaseModel):
    """The file: a login for each embedded engine that was started with a generated one."""

    model_config = ConfigDict(frozen=True)

    cassandra: Credential | None = None
    redis: Credential | None = None


def read_credentials(home: Path) -> Credentials:
    """Returns the logins kept in a PULSO_HOME. They are empty if there is no file that this user may read.

    Raises PulsoError if the file is not as `up` wrote it.
    """
    file = home / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return Credentials()
    try:
        return Credentials.model_validate_json(text)
    except ValidationError:  # its text would show a password
        raise PulsoError(f"{file} is damaged", RESTORE) from None


def cassandra_login(settings: Settings) -> Credential | None:
    """Returns the login for Cassandra: that of the settings, else that of the embedded Cassandra that they name.

    None if there is neither. Raises as `read_credentials` does.
    """
    if settings.cassandra_user:
        password = settings.cassandra_password
        return Credential(user=settings.cassandra_user, password=password.get_secret_value()) if password else None
    host = embedded_cassandra(settings)
    kept = read_credentials(settings.home).cassandra if host else None
    return kept if kept and kept.address == f"{host}:{settings.cassandra_port}" else None


def redis_url(settings: Settings) -> str:
    """Returns the address of Redis with a login: the one in the settings, else that of the embedded Redis they name.

    Without a login if there is neither. Raises as `read_credentials` does.
    """
    url = settings.redis_url.get_secret_value()
    host = embedded_redis(settings)
    if not host or "@" in urlsplit(url).netloc:
        return url
    return with_login(url, read_credentials(settings.home).redis, f"{host}:{settings.redis_address[1]}")


def with_login(url: str, login: Credential | None, address: str) -> str:
    """Returns the address of a Redis with its password, if the login is for this address."""
    if login is None or login.address != address:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=f":{quote(login.password, safe='')}@{parts.netloc}").geturl()


def embedded_cassandra(settings: Settings) -> str:
    """Returns the IPv4 address of the embedded Cassandra that the settings name; empty if they name another one."""
    hosts = settings.cassandra_hosts
    embedded = settings.cassandra_is_local and len(hosts) == 1 and settings.cassandra_tls_ca is None
    return _ipv4(hosts[0]) if embedded else ""


def embedded_redis(settings: Settings) -> str:
    """Returns the IPv4 address of the embedded Redis that the settings name; empty if they name another one."""
    return _ipv4(settings.redis_address[0]) if settings.redis_is_local else ""


def _ipv4(host: str) -> str:
    """The IPv4 address of a loopback host; empty for IPv6, where no embedded engine listens."""
    if host.lower() == "localhost":
        return "127.0.0.1"
    return "" if ":" in host else host
