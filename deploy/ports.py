"""Ports: whether one is free, and which process holds it."""

import errno
import socket
import time
from dataclasses import dataclass

import psutil

from conf.errors import PulsoError, WrongUse

LOWEST = 1024
HIGHEST = 65535
DYING_SECONDS = 5.0
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True)
class Port:
    """A port that an engine listens on, what it is used for (`use`), and how to change it (`fix`)."""

    use: str
    host: str
    number: int
    fix: str


def check_ports(ports: tuple[Port, ...]) -> None:
    """Raises PulsoError for the first port that is in use. The error names the process and the setting to change.

    A killed process may hold a port for a moment although it is seen no more: its threads still end. So a port that no
    process seems to hold is waited for, for up to DYING_SECONDS.
    """
    for port in ports:
        until = time.monotonic() + DYING_SECONDS
        while not is_free(port.host, port.number):
            if time.monotonic() >= until or _listener(port.number) is not None:
                raise taken(port)
            time.sleep(0.1)


def check_range(ports: tuple[Port, ...]) -> None:
    """Raises WrongUse if a port is outside 1024 to 65535, or two uses have the same port."""
    uses: dict[tuple[str, int], str] = {}
    for port in ports:
        fix = f"{port.fix[0].upper()}{port.fix[1:]}"
        if not LOWEST <= port.number <= HIGHEST:
            raise WrongUse(f"the port for {port.use} would be {port.number}, outside {LOWEST} to {HIGHEST}", fix)
        if other := uses.get((port.host, port.number)):
            raise WrongUse(f"the port for {port.use} would be {port.number}, the same as for {other}", fix)
        uses[port.host, port.number] = port.use


def taken(port: Port) -> PulsoError:
    """The error for a port that another process holds."""
    return PulsoError(f"port {port.number} ({port.use}) is taken by {holder(port.number)}", f"Stop it, or {port.fix}")


def is_free(host: str, number: int) -> bool:
    """Whether a server can listen on this address: no server answers there, and the address can be bound.

    Binding alone is not enough: on BSD and macOS, a socket can bind an address although another socket already listens
    on all addresses (wildcard). Raises PulsoError for an address that is not this machine's.
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
            raise PulsoError(f"this user may not listen on port {number}", f"Set a port of {LOWEST} or more") from None
        except OSError as error:
            if error.errno in _NOT_HERE:
                raise PulsoError(f"{host} is not an address of this machine", "Set 127.0.0.1") from None
            return False
    return True


def holder(number: int) -> str:
    """The process that listens on a port, as text for a message: "another process" if this user may not see it."""
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
    """The listener among this user's processes: macOS shows the sockets of other users only to root."""
    for process in psutil.process_iter():
        try:
            sockets = process.net_connections(kind="tcp")
        except psutil.Error:
            continue
        if any(one.status == psutil.CONN_LISTEN and one.laddr.port == number for one in sockets):
            return process.pid
    return None
