"""Programs that a command starts beside itself, and ends before it ends."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_ONCE_TOLD = 'read -r _ && exec "$@" </dev/null'


def start_part(
    command: Sequence[str], folder: Path, variables: Mapping[str, str], log: Path, noted: Callable[[int], None]
) -> "subprocess.Popen[bytes]":
    """Starts a program that leads a session of its own, without stdin; what it says is added to the log.

    It begins once `noted` has taken its process id: if this process is killed before, or that fails, it never does.
    """
    with log.open("ab") as output:  # so that it can be shortened while it is written to
        part = subprocess.Popen(
            ["/bin/sh", "-c", _ONCE_TOLD, "sh", *command],
            env=variables,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for this command, which then ends the parts in their order
        )
    assert part.stdin is not None
    try:
        noted(part.pid)
        with suppress(BrokenPipeError):
            part.stdin.write(b"\n")
            part.stdin.flush()
    except BaseException:
        part.kill()
        part.wait()
        raise
    finally:
        with suppress(BrokenPipeError):
            part.stdin.close()
    return part


def end_part(part: "subprocess.Popen[bytes]", grace: float) -> None:
    """Ends a program that leads a session of its own, within `grace` seconds, and kills what is left of its session.

    Something is left of a program that was killed: Airflow's scheduler leaves its workers, who wait for it for ever.
    """
    if part.poll() is None:
        part.terminate()
    with suppress(subprocess.TimeoutExpired):
        part.wait(grace)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(part.pid, signal.SIGKILL)
    part.wait()
