"""One engine as the settings describe it: where it is, how it is asked, and the server to start if it is ours."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conf.settings import Settings
from deploy.answers import Answer, Login, ask_cassandra, ask_redis
from deploy.cassandra_server import CassandraServer
from deploy.node import make_node
from deploy.redis_server import LEAST, RedisServer
from deploy.server import Server


@dataclass(frozen=True)
class Engine:
    """An engine. `server` is None where the settings name another machine, which is then never started from here.

    `explicit` says that a user set the address, so that a foreign server there is meant; `setting` names it.
    """

    name: str
    address: str
    setting: str
    explicit: bool
    ask: Callable[[], Answer | None]
    server: Server | None
    least: tuple[int, ...] = ()
    """The oldest version that will do; empty where any will."""

    def shortcoming(self, answer: Answer) -> str:
        """What keeps a server that answers from being used: too old a version; empty if nothing does."""
        version = tuple(int(part) for part in re.findall(r"\d+", answer.version)[: len(self.least)])
        if not answer.version or version >= self.least:
            return ""
        return f"is version {answer.version}, older than {'.'.join(map(str, self.least))}"


def cassandra_engine(settings: Settings, home: Path, heap: str | None) -> Engine:
    """Embedded where one loopback host of IPv4 is set, without TLS; else external.

    Raises WrongUse for a heap that is none.
    """
    hosts, port = settings.cassandra_hosts, settings.cassandra_port
    password = settings.cassandra_password.get_secret_value() if settings.cassandra_password else ""
    login = Login(settings.cassandra_user or "", password, settings.cassandra_tls_ca)

    def ask() -> Answer | None:
        answers = (ask_cassandra(host, port, login) for host in hosts)
        return next((answer for answer in answers if answer), None)

    local = _ipv4(hosts[0]) if settings.cassandra_is_local and len(hosts) == 1 else ""
    ours = local and settings.cassandra_tls_ca is None
    explicit = bool({"cassandra_hosts", "cassandra_port"} & settings.model_fields_set)
    server = CassandraServer(make_node(home, local, port, heap)) if ours else None
    setting = "PULSO_CASSANDRA_HOSTS and PULSO_CASSANDRA_PORT"
    return Engine("Cassandra", f"{','.join(hosts)}:{port}", setting, explicit, ask, server)


def redis_engine(settings: Settings, home: Path) -> Engine:
    """Embedded where a loopback redis:// address of IPv4 is set; else external."""
    url = settings.redis_url.get_secret_value()
    host, port = settings.redis_address
    local = _ipv4(host) if settings.redis_is_local else ""
    server = RedisServer(home, local, port, url) if local else None
    explicit = "redis_url" in settings.model_fields_set
    path = urlsplit(url).path
    address = path if url.startswith("unix:") else f"{host}:{port}"
    return Engine("Redis", address, "PULSO_REDIS_URL", explicit, lambda: ask_redis(url), server, LEAST)


def embedded_servers(home: Path) -> list[Server]:
    """The servers of a home whatever the settings say now: enough to find them, and to end them."""
    return [CassandraServer(make_node(home, "127.0.0.1", 9042)), RedisServer(home, "127.0.0.1", 6379, "")]


def _ipv4(host: str) -> str:
    """The address that an embedded engine takes for a loopback host; empty for IPv6, where none listens."""
    if host == "localhost":
        return "127.0.0.1"
    return "" if ":" in host else host
