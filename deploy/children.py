"""Programs that a command starts beside itself, and ends before it ends."""

import os
import signal
import subprocess
from contextlib import suppress


def end_part(part: "subprocess.Popen[bytes]", grace: float) -> None:
    """Ends a program that leads a session of its own; kills all of it if it does not end within `grace` seconds."""
    if part.poll() is None:
        part.terminate()
    try:
        part.wait(grace)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(part.pid, signal.SIGKILL)
        part.wait()
