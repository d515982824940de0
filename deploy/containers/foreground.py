"""Runs an engine as the main process of a container, with the configuration of deploy/templates.

The process becomes the engine: its output is the engine's log, and a signal to stop it reaches the engine.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from conf.credentials import Credential
from conf.errors import PulsoError, WrongUse
from conf.settings import Settings
from deploy.cassandra_server import CassandraServer
from deploy.credentials import write_private
from deploy.jars import DEFAULT_LIB, has_engine_jars
from deploy.node import Place, make_node
from deploy.process import kept_environment
from deploy.redis_server import find_redis
from deploy.server import fill, quoted
from deploy.users import users_acl


class RingNode(CassandraServer):
    """A node of a ring. Its login is that of the settings, as on every node; nothing is drawn."""

    def login(self) -> Credential:
        """The superuser that `first-start` makes; JMX asks for it from the start. Raises WrongUse if there is none."""
        if self._own is None:
            what = "a node of a ring needs PULSO_CASSANDRA_USER and PULSO_CASSANDRA_PASSWORD"
            raise WrongUse(what, "Set them to the superuser of the ring, the same on every node")
        return self._own


def ring_node(
    settings: Settings,
    address: str,
    seeds: tuple[str, ...],
    place: Place,
    heap: str | None = None,
    jmx_port: int | None = None,
) -> RingNode:
    """Returns the node of a ring that listens at `address`, an IPv4 address or a name of this host.

    `jmx_port` is needed only for several nodes on one machine: by default it follows from the port for CQL.

    Raises WrongUse for an address that is not this host's, or a heap that is not a size; PulsoError without the jars.
    """
    lib = DEFAULT_LIB if has_engine_jars(DEFAULT_LIB) else settings.home / "lib"
    if not has_engine_jars(lib):
        raise PulsoError(f"there are no jars of Cassandra in {lib}", "Run python -m deploy jars")
    ours, port = _own_address(address), settings.cassandra_port
    node = make_node(settings.home, ours, port, heap, lib=lib, seeds=seeds, place=place)
    node = replace(node, jmx_port=jmx_port or node.jmx_port)
    password = settings.cassandra_password.get_secret_value() if settings.cassandra_password else ""
    own = Credential(user=settings.cassandra_user, password=password) if settings.cassandra_user and password else None
    return RingNode(node, own)


def become_node(server: RingNode) -> NoReturn:
    """Writes the node's configuration, and becomes its process."""
    server.render()
    _become([server.program(), *server.arguments], server.folder)


def redis_files(home: Path, address: str, port: int, memory: str, passwords: Mapping[str, str]) -> Path:
    """Writes redis.conf and the users beside it, and returns its path. Raises as `users_acl` does."""
    folder = home / "redis"
    users = users_acl(passwords)
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / "users.acl", users)
    values: dict[str, object] = {"address": address, "port": port, "data": quoted(folder), "log": quoted("")}
    login = f"aclfile {quoted(folder / 'users.acl')}"
    write_private(folder / "redis.conf", fill("redis.conf", {**values, "memory": memory, "login": login}))
    return folder / "redis.conf"


def become_redis(config: Path) -> NoReturn:
    """Becomes a redis-server with this configuration. Raises PulsoError when there is none."""
    _become([find_redis(), str(config)], config.parent)


def _become(command: list[str], folder: Path) -> NoReturn:
    os.chdir(folder)
    os.execve(command[0], command, kept_environment())  # noqa: S606 - no shell is wanted


def _own_address(name: str) -> str:
    """The IPv4 address of a name of this host."""
    try:
        address = socket.gethostbyname(name or socket.gethostname())
        with socket.socket() as probe:
            probe.bind((address, 0))
    except OSError as error:
        raise WrongUse(f"{name or 'this host'} is no IPv4 address of this host ({error.strerror})") from None
    return address
