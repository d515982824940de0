"""Finds servers that run, starts others, waits until they answer, and stops them."""

import signal
import time
from dataclasses import dataclass

import psutil
from rich.console import Console

from conf.errors import PulsoError, StoreDown
from deploy.console import Waits, say, waits
from deploy.process import (
    is_alive,
    process_of_command,
    recorded_process,
    start_detached,
    wait_ended,
    write_pid_file,
)
from deploy.server import Server

POLL = 0.2
GRACE = 60.0
"""Seconds within which a server must end before it is killed."""


@dataclass(frozen=True)
class Started:
    """A server's process; `fresh` if this command started it."""

    server: Server
    process: psutil.Process
    began: float
    fresh: bool


def find(server: Server) -> psutil.Process | None:
    """Returns the server's running process.

    It is found by the pid file or, if that is missing or old, by its command line.
    """
    return recorded_process(server.pid_file) or process_of_command(server.executable, server.arguments)


def program_of(process: psutil.Process) -> str:
    """Returns the path of a process's program, and its pid, as text."""
    try:
        return f"{process.exe()}, pid {process.pid}"
    except psutil.Error:  # it has just ended
        return f"pid {process.pid}"


def serves_elsewhere(server: Server) -> str:
    """Returns, as text, how the running server's port differs from the settings; empty if it does not differ."""
    port, wanted = server.rendered_port(), server.ports[0].number
    return f"runs on port {port}, the settings say {wanted}" if port not in (None, wanted) else ""


def adopt(server: Server, process: psutil.Process) -> Started:
    """Returns a running process as a Started object.

    Raises PulsoError when its port is not the port of the settings.
    """
    if elsewhere := serves_elsewhere(server):
        fix = "Run make down first, or give the second set of engines a PULSO_HOME of its own"
        raise PulsoError(f"{server.name} of this PULSO_HOME {elsewhere}", fix)
    server.pid_file.parent.mkdir(parents=True, exist_ok=True)
    write_pid_file(server.pid_file, process)
    return Started(server, process, process.create_time(), fresh=False)


def start(server: Server) -> Started:
    """Starts a server and does not wait for it."""
    program = server.program()
    server.render()
    for folder in (server.log.parent, server.pid_file.parent):
        folder.mkdir(parents=True, exist_ok=True)
    process = start_detached([program, *server.arguments], server.folder, server.output)
    write_pid_file(server.pid_file, process)
    return Started(server, process, process.create_time(), fresh=True)


def wait_until_answering(started: list[Started], timeout: float, console: Console) -> None:
    """Waits until all answer.

    Raises StoreDown as soon as one has ended, or when one does not answer within `timeout` seconds.
    """
    with waits(console) as shown:
        for one in started:
            verb = "starting" if one.fresh else "still starting"
            shown.begin(one.server.address, f"{one.server.name}: {verb}, waiting for an answer on {one.server.address}")
        left = list(started)
        while left:
            left = [one for one in left if not _answers(one, timeout, shown)]
            if left:
                time.sleep(POLL)


def _answers(one: Started, timeout: float, shown: Waits) -> bool:
    server = one.server
    answer = server.admit()
    seconds = shown.seconds(server.address)
    if answer and not answer.problem:
        line = f"{server.name} {answer.version} answers on {server.address} after {seconds:.1f} s"
        shown.end(server.address, f"{line} ({program_of(one.process)})")
        return True
    if answer and not answer.passing:
        raise StoreDown(f"{server.name} on {server.address} {answer.problem}", f"See {server.log}")
    ended = not is_alive(one.process)
    if ended:
        server.pid_file.unlink(missing_ok=True)
    if ended or seconds > timeout:
        raise _failure(one, "ended while starting" if ended else f"did not answer within {timeout:.0f} s")
    waited = f"{server.name}: waiting for an answer on {server.address}"
    shown.now(server.address, f"{waited} ({answer.problem})" if answer else waited)
    return False


def _failure(one: Started, what: str) -> StoreDown:
    error, place = one.server.last_error(one.process.pid, one.began)
    where = f"{one.server.name} on {one.server.address}"
    return StoreDown(f"{where} {what}: {error or 'it logged no error'}", f"See {place}")


def stop(servers: list[Server], console: Console) -> list[int]:
    """Stops the servers at the same time: SIGTERM, and SIGKILL after GRACE seconds. Returns the pids."""
    running = [(server, process) for server in servers if (process := find(server))]
    for _, process in running:
        _signal(process, signal.SIGTERM)
    with waits(console) as shown:
        for server, process in running:
            shown.begin(server.address, f"{server.name}: stopping (pid {process.pid})")
        for server, process in sorted(running, key=lambda pair: pair[0].name, reverse=True):
            _end(server, process, shown)
    for server in servers:
        server.pid_file.unlink(missing_ok=True)
        if not any(server is one for one, _ in running):
            say(console, f"{server.name}: not running")
    return [process.pid for _, process in running]


def _end(server: Server, process: psutil.Process, shown: Waits) -> None:
    if wait_ended(process, GRACE):
        shown.end(server.address, f"{server.name} stopped after {shown.seconds(server.address):.1f} s")
        return
    _signal(process, signal.SIGKILL)
    if not wait_ended(process, GRACE):
        raise PulsoError(f"{server.name} (pid {process.pid}) does not end, even after SIGKILL", f"See {server.log}")
    shown.end(
        server.address,
        f"{server.name} did not stop within {GRACE:.0f} s and was killed; it replays its log at the next start",
    )


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    """Sends a signal. psutil checks that the pid is still this process."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied:
        raise PulsoError(f"pid {process.pid} is another user's", "Run make down as the user who ran make up") from None
