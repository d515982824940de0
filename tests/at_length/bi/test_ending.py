"""How the server ends: in order when it is told to, with one line when Java has died, and never twice in one home."""

import os
import signal
from pathlib import Path

from tests.at_length.bi.served import Served, children, other_home, served
from tests.support.commands import run_command


def test_only_one_serves_from_a_home(bi: Served) -> None:
    done = run_command("readers", "bi", "--port", "0")
    assert done.returncode == 1
    assert "another process has been serving BI from this PULSO_HOME" in done.stderr


def test_sigterm_ends_it_in_order(bi: Served) -> None:
    home = other_home()
    with served(PULSO_HOME=home) as own:
        java = children(own.process.pid)
        assert own.ask("SELECT 1") == [[[1]]]
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(60) == 0
    assert own.said[-1] == "ended\n"
    assert not [line for line in own.said if "ERROR" in line or "error" in line]
    assert not list((Path(home) / "bi").iterdir())
    assert not [pid for pid in java if Path(f"/proc/{pid}").exists()]


def test_without_java_it_ends_with_one_line(bi: Served) -> None:
    with served(PULSO_HOME=other_home()) as own:
        for child in children(own.process.pid):
            os.kill(child, signal.SIGKILL)
        assert own.process.wait(90) == 1
    told = [line for line in own.said if line.startswith("error: ")]
    assert len(told) == 1
    assert "Run make bi again" in told[0]
    assert "Traceback" not in "".join(own.said)
