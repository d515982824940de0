"""Ports: whether one is free, who holds it, and the line that says so."""

import errno
import socket
from dataclasses import dataclass

import psutil

from conf.errors import PulsoError, WrongUse

LOWEST = 1024
HIGHEST = 65535
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True)
class Port:
    """A port that an engine listens on, what for, and how to move it."""

    use: str
    host: str
    number: int
    fix: str


def check_ports(ports: tuple[Port, ...]) -> None:
    """Raises PulsoError for the first port that cannot be listened on, naming who holds it and what to change."""
    for port in ports:
        if not is_free(port.host, port.number):
            raise taken(port)


def check_range(ports: tuple[Port, ...]) -> None:
    """Raises WrongUse where a port falls out of 1024 to 65535 or two uses fall on one port."""
    uses: dict[tuple[str, int], str] = {}
    for port in ports:
        fix = f"{port.fix[0].upper()}{port.fix[1:]}"
        if not LOWEST <= port.number <= HIGHEST:
            raise WrongUse(f"the port for {port.use} would be {port.number}, outside {LOWEST} to {HIGHEST}", fix)
        if other := uses.get((port.host, port.number)):
            raise WrongUse(f"the port for {port.use} would be {port.number}, the same as for {other}", fix)
        uses[port.host, port.number] = port.use


def taken(port: Port) -> PulsoError:
    """The error of a port that another process holds."""
    return PulsoError(f"port {port.number} ({port.use}) is taken by {holder(port.number)}", f"Stop that, or {port.fix}")


def is_free(host: str, number: int) -> bool:
    """Whether a server could listen there: nothing answers, and the address can be bound.

    Both are asked: BSD lets a second socket bind an address that a wildcard listener already serves.
    Raises PulsoError for an address that is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as asking:
        asking.settimeout(1)
        if asking.connect_ex((host, number)) == 0:
            return False
    with socket.socket(family, socket.SOCK_STREAM) as binding:
        binding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            binding.bind((host, number))
        except PermissionError:
            raise PulsoError(f"port {number} is not open to this user", f"Set a port from {LOWEST} up") from None
        except OSError as error:
            if error.errno in _NOT_HERE:
                raise PulsoError(f"{host} is no address of this machine", "Set 127.0.0.1") from None
            return False
    return True


def holder(number: int) -> str:
    """The process that listens on a port, as far as this user may know, for a message."""
    pid = _listener(number)
    if pid is None:
        return "another process"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def _listener(number: int) -> int | None:
    try:
        sockets = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return _listener_of_mine(number)
    held = [one for one in sockets if one.laddr and one.laddr.port == number and one.pid]
    held.sort(key=lambda one: one.status != psutil.CONN_LISTEN)
    return held[0].pid if held else None


def _listener_of_mine(number: int) -> int | None:
    """The same from this user's processes alone: macOS shows all sockets to root only."""
    for process in psutil.process_iter():
        try:
            sockets = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        if any(one.status == psutil.CONN_LISTEN and one.laddr.port == number for one in sockets):
            return process.pid
    return None
