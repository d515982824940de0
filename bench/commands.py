"""Commands as a user gives them: timed from start to end, or running while something else is timed."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.lab import Lab
from conf.errors import PulsoError

PATIENCE = 60.0
"""Seconds that a command has to get ready, and to end once it is told to."""


@dataclass(frozen=True)
class Ended:
    """A command that has succeeded: wall seconds from its start to its end, its CPU seconds, what it printed."""

    seconds: float
    cpu: float
    output: str


def python(module: str, *arguments: str) -> list[str]:
    """A module of ours as a command."""
    return [sys.executable, "-m", module, *arguments]


def run(lab: Lab, command: list[str], to: Path | None = None) -> Ended:
    """Runs a command to its end, its stdout to the file `to` or kept. Raises PulsoError when it fails."""
    cpu = _children_cpu()
    output = to.open("wb") if to else subprocess.PIPE
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=lab.work,
        env=lab.environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        told, errors = process.communicate()
    finally:
        end(process)
        if to and not isinstance(output, int):
            output.close()
    seconds = time.monotonic() - began
    if process.returncode:
        raise _failed(command, process.returncode, errors.decode(errors="replace"))
    return Ended(seconds, _children_cpu() - cpu, (told or b"").decode(errors="replace"))


@contextmanager
def running(lab: Lab, command: list[str], ready: Callable[[], bool]) -> Iterator[psutil.Process]:
    """A command that runs while the block does, once it is `ready`; told to end after it, by its id.

    Raises PulsoError when it ends before it is ready, or is not within PATIENCE seconds.
    """
    log = lab.work / f"{command[2]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=lab.work,
            env=lab.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(ready, lambda: process.poll() is None, f"{name_of(command)}: {_last_line(log.read_text())}")
        yield psutil.Process(process.pid)
    finally:
        end(process)


def wait_until(ready: Callable[[], bool], alive: Callable[[], bool], what: str, every: float = 0.05) -> None:
    """Asks again and again until it is so. Raises PulsoError when the other side dies, or after PATIENCE seconds."""
    until = time.monotonic() + PATIENCE
    while not ready():
        if not alive() or time.monotonic() > until:
            raise PulsoError(f"{what} did not get ready", "Run that command by itself to see why")
        time.sleep(every)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process by its id, with its group where it does not end by itself; harmless where it has ended."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it leads the group: each is started in a session of its own
            process.wait()


def cpu_seconds(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """CPU seconds, user and system, that each process has used so far."""
    times = {name: process.cpu_times() for name, process in processes.items()}
    return {name: used.user + used.system for name, used in times.items()}


def name_of(command: list[str]) -> str:
    """A command as a person would call it."""
    return " ".join(Path(part).name if "/" in part else part for part in command[:4])


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _failed(command: list[str], code: int, errors: str) -> PulsoError:
    return PulsoError(f"{name_of(command)} ended with {code}: {_last_line(errors)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("error:")] or lines
    return said[-1][:300] if said else "it said nothing"
