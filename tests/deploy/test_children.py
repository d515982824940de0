"""Programs that a command starts beside itself end with it, and so does what they have started."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from deploy.children import end_part, start_part

WORKER = "(trap '' TERM; sleep 300 & wait) & echo $! >worker; "


def begin(folder: Path, script: str) -> tuple["subprocess.Popen[bytes]", psutil.Process]:
    """Starts a program with a worker that does not end by SIGTERM; returns both."""
    part = start_part(["/bin/sh", "-c", script], folder, os.environ, folder / "log", lambda _: None)
    until = time.monotonic() + 30
    while not ((folder / "worker").exists() and (folder / "worker").read_text().strip()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return part, psutil.Process(int((folder / "worker").read_text()))


@pytest.mark.parametrize("by", [None, signal.SIGKILL, signal.SIGTERM])
def test_workers_of_a_program_that_has_ended_end_too(tmp_path: Path, by: signal.Signals | None) -> None:
    part, worker = begin(tmp_path, WORKER + "wait")
    if by:
        part.send_signal(by)
        part.wait(30)
    end_part(part, 30)
    worker.wait(30)
    assert part.returncode == -(by or signal.SIGTERM)


def test_a_program_that_does_not_end_is_killed(tmp_path: Path) -> None:
    part, worker = begin(tmp_path, "trap '' TERM; " + WORKER + "wait; sleep 300")
    began = time.monotonic()
    end_part(part, 0.3)
    worker.wait(30)
    assert part.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 30


def test_who_ends_within_its_time_ends_in_its_own_way(tmp_path: Path) -> None:
    part, _ = begin(tmp_path, "trap 'echo bye; exit 3' TERM; " + WORKER + "while :; do sleep 0.05; done")
    end_part(part, 30)
    assert part.returncode == 3
    assert (tmp_path / "log").read_text() == "bye\n"
