"""A command that its user stops by Ctrl-C says so in one line and ends with the exit code 130."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conf import ROOT
from conf.errors import exit_code_of
from tests.support.commands import run_command, start_command
from tests.support.ports import LOCAL


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and never answers, so that a command waits."""
    with socket.create_server((LOCAL, 0)) as server:
        server.settimeout(60)
        yield server


@pytest.mark.parametrize(
    "words",
    [
        ("ingest", "status"),
        ("ingest", "replay", "-", "--topic", "ph2016"),
        ("readers", "search", "--topic", "ph2016", "poe"),
        ("deploy", "status"),
    ],
)
def test_a_command_that_is_stopped_says_so_in_one_line(
    silent: socket.socket, tmp_path: Path, words: tuple[str, ...]
) -> None:
    port = silent.getsockname()[1]
    redis = {"PULSO_REDIS_URL": f"redis://{LOCAL}:{port}/0", "PULSO_CASSANDRA_PORT": str(port)}
    process = start_command(*words, **redis, PULSO_HOME=str(tmp_path))
    try:
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            out, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (out, errors, process.returncode) == (b"", b"stopped\n", 130)


@pytest.mark.parametrize("module", ["ingest", "readers", "deploy", "bench"])
def test_so_does_one_that_is_stopped_while_it_is_still_loading(tmp_path: Path, module: str) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = run_command(module, "--help", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (done.stdout, done.stderr, done.returncode) == ("", "stopped\n", 130)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("job", ["jobs/candidate_poll.py", "-m jobs.daily"])
def test_and_a_job_that_is_stopped_while_it_imports_pyspark(tmp_path: Path, job: str, number: signal.Signals) -> None:
    (tmp_path / "pyspark.py").write_text(f"import os\nos.kill(os.getpid(), {int(number)})\n")
    as_spark_does = f'. conf/spark-env.sh; PYTHONPATH="$PYTHONPATH:{tmp_path}"; exec "{sys.executable}" {job}'
    done = subprocess.run(["bash", "-c", as_spark_does], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "stopped\n", -number)


def test_a_job_that_its_shell_keeps_from_signals_goes_on(tmp_path: Path) -> None:
    (tmp_path / "pyspark.py").write_text("import os\nos.kill(os.getpid(), 2)\nraise SystemExit('goes on')\n")
    as_shells_do = f'trap "" INT; . conf/spark-env.sh; PYTHONPATH="$PYTHONPATH:{tmp_path}"; exec "{sys.executable}" '
    command = ["bash", "-c", as_shells_do + "jobs/candidate_poll.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "goes on\n", 1)


def test_what_a_machine_lets_its_pythons_import_first_is_imported_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print(__file__, flush=True)")
    (tmp_path / "pyspark.py").write_text("import os\nos.kill(os.getpid(), 2)\n")
    as_spark_does = f'. conf/spark-env.sh; PYTHONPATH="$PYTHONPATH:{tmp_path}"; exec "{sys.executable}" jobs/daily.py'
    done = subprocess.run(["bash", "-c", as_spark_does], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{tmp_path}/sitecustomize.py\n", "stopped\n")


class _Slow(threading.Thread):
    """A thread that does not run until it `may`."""

    may = threading.Event()

    def _bootstrap_inner(self) -> None:
        self.may.wait(30)
        super()._bootstrap_inner()  # type: ignore[misc]  # threading has it


def test_a_thread_that_is_being_started_meanwhile_runs_before_the_command_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    slow = _Slow(target=time.sleep, args=(5,), daemon=True)
    threading.Thread(target=slow.start, daemon=True).start()
    while slow not in threading.enumerate():
        time.sleep(0.001)

    def stopped() -> None:
        threading.Timer(0.2, slow.may.set).start()
        raise KeyboardInterrupt

    assert not slow.is_alive()
    assert exit_code_of(stopped) == 130
    assert slow.is_alive()
    assert capsys.readouterr().err == "stopped\n"


def test_a_thread_of_the_driver_that_never_began_to_start_is_not_told_of() -> None:
    code = """
import sys, threading
from cassandra.cluster import Cluster
from cassandra.io import libevreactor
from conf.errors import exit_code_of

def stopped():
    Cluster.connection_class.initialize_reactor()
    libevreactor._global_loop._thread = threading.Thread()
    raise KeyboardInterrupt

sys.exit(exit_code_of(stopped))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "stopped\n", 130)
