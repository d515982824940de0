"""Starts processes that outlive the command, finds them again, and waits for their end."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psutil

from conf.errors import PulsoError

CLOCK_SLACK = 1.0
"""Seconds by which two readings of one process's start time can differ, because the boot time is rounded."""
POLL = 0.1
SAID = 300
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")
_DETACH = 'cd "$1" || exit 1; out=$2; shift 2; exec "$@" </dev/null >"$out" 2>&1 & echo $!'


def start_detached(command: list[str], folder: Path, output: Path) -> psutil.Process:
    """Starts a command in a new session, in `folder`, with stdin from /dev/null, and stdout and stderr to `output`.

    A shell starts the process and ends immediately, so the process is not our child: Ctrl-C does not reach it, and it
    does not become a zombie. Its environment has none of our settings, and so no secrets. Raises PulsoError if the
    process ends immediately.
    """
    shell = ["/bin/sh", "-c", _DETACH, "deploy", str(folder), str(output), *command]
    told = subprocess.run(
        shell, env=kept_environment(), start_new_session=True, stdout=subprocess.PIPE, text=True, check=True
    )
    try:
        process = psutil.Process(int(told.stdout))
        process.create_time()  # psutil keeps it from now on
    except psutil.NoSuchProcess:
        raise PulsoError(f"{command[0]} ended at once: {said(output)}", f"See {output}") from None
    return process


def kept_environment() -> dict[str, str]:
    """Returns what of our environment an engine needs: none of our settings, and so no secrets."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def write_pid_file(path: Path, process: psutil.Process) -> None:
    """Writes `{pid, started}` in one step, so the file is never half written."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"pid": process.pid, "started": process.create_time()}))
    part.replace(path)


def recorded_process(path: Path) -> psutil.Process | None:
    """Returns the running process of a pid file; None if it has ended, even if another process now has the pid."""
    try:
        record = json.loads(path.read_text())
        process = psutil.Process(int(record["pid"]))
        same = abs(process.create_time() - float(record["started"])) < CLOCK_SLACK
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process if same and is_alive(process) else None


def process_of_command(program: str, arguments: list[str]) -> psutil.Process | None:
    """Returns the running process of a program with this file name and these arguments; None if there is none."""
    for process in psutil.process_iter():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if line and Path(line[0]).name == program and line[1:] == arguments and is_alive(process):
            return process
    return None


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs. A zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_ended(process: psutil.Process, seconds: float) -> bool:
    """Waits until a process has ended. Returns False if it has not ended within that time."""
    until = time.monotonic() + seconds
    while is_alive(process):
        if time.monotonic() > until:
            return False
        time.sleep(POLL)
    return True


def run_to_end(
    command: Sequence[str | Path],
    folder: Path,
    variables: Mapping[str, str],
    log: Path | None = None,
    seconds: float | None = None,
) -> str:
    """Runs a command in `folder`, without stdin, and returns its stdout; with a log, all that it says goes there.

    Raises PulsoError, with the last line that it said, if it fails, or if it takes longer than so many seconds.
    """
    words = [str(word) for word in command]
    what = f"{Path(words[0]).name} {' '.join(words[1:3])}"
    with log.open("ab") if log else nullcontext(subprocess.PIPE) as output:
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output, "timeout": seconds}
        try:
            done = subprocess.run(words, env=variables, cwd=folder, check=False, **options)
        except subprocess.TimeoutExpired:
            raise PulsoError(f"{what} had not ended after {seconds:.0f} s, and was killed") from None
    if done.returncode:
        told = (log.read_bytes() if log else done.stderr).decode(errors="replace")
        last = "".join([line.strip() for line in told.splitlines() if line.strip()][-1:])
        raise PulsoError(f"{what} failed: {last[-200:]}", f"See {log}" if log else f"It is {words[0]}")
    return "" if log else done.stdout.decode()


def said(output: Path, besides: tuple[str, ...] = ()) -> str:
    """Returns the output of a process as one line of at most SAID characters.

    Lines that begin with one of `besides` are left out.
    """
    try:
        lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    words = (line.strip("# ") for line in lines if not line.startswith(besides))
    return " ".join(word for word in words if word)[:SAID]
