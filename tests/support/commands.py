"""Runs commands as a person does: in a process of their own, outside the project's folder."""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from conf import ROOT

FOLDER = Path(tempfile.gettempdir())


Done = subprocess.CompletedProcess[str]


def run_command(module: str, *arguments: str, stdin: bytes = b"", timeout: float = 300, **environment: str) -> Done:
    """Runs `python -m module arguments` to its end; returns its exit code, stdout and stderr.

    `environment` has variables in addition to those of this process.
    """
    done = subprocess.run(
        _words(module, arguments),
        input=stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
        cwd=FOLDER,
        env=_environment() | environment,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def run_here(main: Callable[[list[str]], int], *arguments: str) -> Done:
    """Runs a command line in this process, which has all modules already; else as run_command does."""
    written = io.BytesIO(), io.BytesIO()
    out, errors = (io.TextIOWrapper(file, "utf-8", write_through=True) for file in written)
    with redirect_stdout(out), redirect_stderr(errors):
        code = main(list(arguments))
    return subprocess.CompletedProcess(arguments, code, *(file.getvalue().decode() for file in written))


def run_python(*words: str, timeout: float = 300, **environment: str) -> Done:
    """Runs this Python with these arguments, with `environment` as in run_command."""
    return _run([sys.executable, *words], timeout, environment)


def spark_submit(job: str, *arguments: str, timeout: float = 300, **environment: str) -> Done:
    """Runs a file of jobs/ by spark-submit, with `environment` as in run_command."""
    return submit_with({}, job, *arguments, timeout=timeout, **environment)


def submit_with(
    settings: Mapping[str, str], job: str, *arguments: str, timeout: float = 300, **environment: str
) -> Done:
    """Runs a file of jobs/ by spark-submit with other settings of Spark, else as spark_submit does."""
    command = Path(sys.executable).parent / "spark-submit"
    told = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    return _run([str(command), *told, str(ROOT / "jobs" / f"{job}.py"), *arguments], timeout, environment)


def _run(words: list[str], timeout: float, environment: dict[str, str]) -> Done:
    variables = _environment() | environment
    return subprocess.run(
        words, capture_output=True, text=True, timeout=timeout, check=False, cwd=FOLDER, env=variables
    )


def run_code(code: str) -> int:
    """Runs Python code in a process of its own; returns its exit code."""
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=FOLDER, env=_environment(), timeout=300)
    return done.returncode


def start_command(module: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
    """Starts `python -m module arguments`, with `environment` as in run_command; the caller must end it."""
    pipe, variables = subprocess.PIPE, _environment() | environment
    return subprocess.Popen(_words(module, arguments), stdout=pipe, stderr=pipe, cwd=FOLDER, env=variables)


def start_logged(log: Path, module: str, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
    """Starts a command as start_command does, for one that writes much: into a file."""
    with log.open("ab") as file:
        variables = _environment() | environment
        return subprocess.Popen(_words(module, arguments), stdout=file, stderr=file, cwd=FOLDER, env=variables)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kills a process that was started, if it still runs, and closes its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _words(module: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
