"""One engine of the settings: its address, a function that asks it, and the server to start if it is embedded."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from conf.credentials import Credential, embedded_cassandra, embedded_redis
from conf.settings import Settings
from deploy.answers import Answer, Login, ask_cassandra, ask_redis
from deploy.cassandra_server import CassandraServer
from deploy.node import make_node
from deploy.redis_server import LEAST, RedisServer
from deploy.server import Server


@dataclass(frozen=True)
class Engine:
    """An engine. `server` is None if the engine is not embedded; then nothing is ever started for it.

    `explicit` means that the user has set the address; then the user's own server may answer there. `setting` is the
    name of the setting for the address.
    """

    name: str
    address: str
    setting: str
    explicit: bool
    ask: Callable[[], Answer | None]
    server: Server | None
    least: tuple[int, ...] = ()
    """The oldest version that can be used; empty if every version can."""

    def shortcoming(self, answer: Answer) -> str:
        """Returns why a server that answers can't be used (its version is too old); empty if it can be used."""
        version = tuple(int(part) for part in re.findall(r"\d+", answer.version)[: len(self.least)])
        if not answer.version or version >= self.least:
            return ""
        return f"is version {answer.version}, older than {'.'.join(map(str, self.least))}"


def cassandra_engine(settings: Settings, home: Path, heap: str | None, options: tuple[str, ...] = ()) -> Engine:
    """Returns Cassandra's engine: embedded if the settings name one IPv4 loopback host and no TLS; else external.

    Raises WrongUse if `heap` is not a size.
    """
    hosts, port = settings.cassandra_hosts, settings.cassandra_port
    password = settings.cassandra_password.get_secret_value() if settings.cassandra_password else ""
    login = Login(settings.cassandra_user or "", password, settings.cassandra_tls_ca)

    def ask() -> Answer | None:
        answers = (ask_cassandra(host, port, login) for host in hosts)
        return next((answer for answer in answers if answer), None)

    local = embedded_cassandra(settings)
    own = Credential(user=login.user, password=password) if login.user and password else None
    explicit = bool({"cassandra_hosts", "cassandra_port"} & settings.model_fields_set)
    server = CassandraServer(replace(make_node(home, local, port, heap), options=options), own) if local else None
    setting = "PULSO_CASSANDRA_HOSTS and PULSO_CASSANDRA_PORT"
    return Engine("Cassandra", f"{','.join(hosts)}:{port}", setting, explicit, ask, server)


def redis_engine(settings: Settings, home: Path) -> Engine:
    """Returns Redis's engine: embedded if the settings name a redis:// address on IPv4 loopback; else external."""
    url = settings.redis_url.get_secret_value()
    host, port = settings.redis_address
    local = embedded_redis(settings)
    server = RedisServer(home, local, port, url) if local else None
    explicit = "redis_url" in settings.model_fields_set
    path = urlsplit(url).path
    address = path if url.startswith("unix:") else f"{host}:{port}"
    return Engine("Redis", address, "PULSO_REDIS_URL", explicit, lambda: ask_redis(url), server, LEAST)


def embedded_servers(home: Path) -> list[Server]:
    """Returns the servers of a PULSO_HOME, independent of other settings, to find and stop their processes."""
    return [CassandraServer(make_node(home, "127.0.0.1", 9042)), RedisServer(home, "127.0.0.1", 6379, "")]
