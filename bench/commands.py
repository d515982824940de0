"""Runs commands as a user does: timed from start to end, or in the background while something else is timed."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.lab import Lab
from bench.watch import Watch
from conf.errors import PulsoError
from deploy.children import end_part

PATIENCE = 60.0
"""Seconds that a command has to get ready, and to end after a signal."""


@dataclass(frozen=True)
class Ended:
    """A command that has succeeded: its wall-clock seconds, its CPU seconds, and its stdout."""

    seconds: float
    cpu: float
    output: str


def python(module: str, *arguments: str) -> list[str]:
    """Returns the command that runs one of our modules."""
    return [sys.executable, "-m", module, *arguments]


def run(lab: Lab, command: list[str], to: Path | None = None, watch: Watch | None = None) -> Ended:
    """Runs a command to its end; stdout goes to the file `to`, or into the result. Raises PulsoError when it fails.

    `watch` looks at its processes meanwhile.
    """
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
        with watch.over(process.pid) if watch else nullcontext():
            told, errors = process.communicate()
    finally:
        end_part(process, PATIENCE)
        if to and not isinstance(output, int):
            output.close()
    seconds = time.monotonic() - began
    if process.returncode:
        # spark-submit sends what a job says on stderr to stdout.
        said = (errors + b"\n" + (told or b"")).decode(errors="replace")
        raise _failed(command, process.returncode, said)
    return Ended(seconds, _children_cpu() - cpu, (told or b"").decode(errors="replace"))


@contextmanager
def running(lab: Lab, command: list[str], ready: Callable[[], bool]) -> Iterator[psutil.Process]:
    """Runs a command in the background; enters the block once `ready` returns True, and ends the command after it.

    Yields the process. Raises PulsoError when the command ends before it is ready, or is not ready within PATIENCE
    seconds.
    """
    log = log_of(lab, command)
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
        told = lambda: f"{name_of(command)}: {_last_line(log.read_text())}"  # noqa: E731
        wait_until(ready, lambda: process.poll() is None, told)
        yield psutil.Process(process.pid)
    finally:
        end_part(process, PATIENCE)


def log_of(lab: Lab, command: list[str]) -> Path:
    """Returns the file into which `running` writes what a command says."""
    return lab.work / f"{'-'.join(command[2:4]).replace('/', '-')}.log"


def wait_until(
    ready: Callable[[], bool], alive: Callable[[], bool], what: Callable[[], str], every: float = 0.05
) -> None:
    """Waits until `ready` returns True, and asks every `every` seconds.

    Raises PulsoError, with what `what` returns in its message, when `alive` returns False or PATIENCE seconds have
    passed.
    """
    until = time.monotonic() + PATIENCE
    while not ready():
        if not alive() or time.monotonic() > until:
            raise PulsoError(f"{what()} did not get ready", "Run that command by itself to see why")
        time.sleep(every)


def cpu_seconds(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Returns the CPU seconds, user and system, that each process and the processes under it have used so far."""
    found = {}
    for name, process in processes.items():
        times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
        found[name] = sum(used.user + used.system for used in times)
    return found


def name_of(command: list[str]) -> str:
    """Returns a command's first words as a person would write them, without folders."""
    return " ".join(Path(part).name if "/" in part else part for part in command[:4])


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _failed(command: list[str], code: int, errors: str) -> PulsoError:
    return PulsoError(f"{name_of(command)} ended with {code}: {_last_line(errors)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("error:")] or lines
    return said[-1][:300] if said else "it printed nothing"
