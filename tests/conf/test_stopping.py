"""A command that is told to stop ends in its own time, also where its terminal goes; and `nohup` outlives that."""

import signal
import subprocess
import sys

import pytest

from conf import ROOT
from tests.support.commands import end

SCRIPT = """
import signal, sys
from conf.stopping import told_to_stop
if "nohup" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
with told_to_stop() as stopped:
    print("runs", flush=True)
    stopped.wait()
    print("ended in its own time", flush=True)
"""


@pytest.mark.parametrize(
    ("number", "how", "ends"),
    [(signal.SIGTERM, "", True), (signal.SIGINT, "", True), (signal.SIGHUP, "", True), (signal.SIGHUP, "nohup", False)],
)
def test_signals_to_stop_are_heeded(number: signal.Signals, how: str, ends: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, how], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"runs\n"
        process.send_signal(number)
        if not ends:
            process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[0] == b"ended in its own time\n"
        assert process.returncode == 0
    finally:
        end(process)
