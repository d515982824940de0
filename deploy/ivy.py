"""Runs Ivy. Its output is written to a log; the user sees one line with the progress."""

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from rich.console import Console

from conf.errors import PulsoError
from deploy.console import waits

SHOWN = 12
"""The number of lines at the end of the log that are printed when Ivy fails."""
_FOUND = re.compile(r"^\s*found (\S+)")
_DOWNLOADING = re.compile(r"^downloading \S*?([^/\s]+) \.\.\.")


def pyspark_folder() -> Path:
    """Returns the folder of the `pyspark` package, without importing it. It is SPARK_HOME, and contains Ivy's jar.

    Raises PulsoError when it is not installed.
    """
    spec = find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise PulsoError("pyspark is not installed in this Python", "Run make setup, and use .venv/bin/python")
    return Path(spec.submodule_search_locations[0])


def ivy_jar() -> Path:
    """The path of Spark's Ivy jar. Raises PulsoError when pyspark has none."""
    jars = sorted((pyspark_folder() / "jars").glob("ivy-*.jar"))
    if not jars:
        raise PulsoError("the pyspark package holds no Ivy jar", "Run make setup")
    return jars[-1]


def run_ivy(command: list[str], what: str, folder: Path, env: dict[str, str], log: Path, console: Console) -> float:
    """Runs a command in a folder and waits for its end; returns the seconds that it took.

    `what` is the line that the user sees.

    Raises PulsoError when it fails, after printing the end of the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with waits(console) as shown, log.open("w", encoding="utf-8") as written:
        shown.begin(what, what)
        failed = _talk(command, folder, env, written, lambda step: shown.now(what, f"{what}: {step}"))
        seconds = shown.seconds(what)
    if failed:
        _show_end(log)
        raise PulsoError(f"{what} failed", f"See {log}. This step needs the network, the first time only")
    return seconds


def _talk(command: list[str], folder: Path, env: dict[str, str], log: IO[str], hear: Callable[[str], None]) -> bool:
    """Runs a command, copies its output to the log and reports its steps. Returns whether it failed."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=folder,
        env=env,
    ) as process:
        modules = 0
        for line in process.stdout or ():
            log.write(line)
            modules += bool(_FOUND.match(line))
            if step := _step(line, modules):
                hear(step)
    return process.returncode != 0


def _step(line: str, modules: int) -> str:
    if found := _FOUND.match(line):
        return f"{modules} modules found, {found.group(1).rpartition('#')[2]}"
    loading = _DOWNLOADING.match(line)
    return f"downloading {loading.group(1)}" if loading else ""


def _show_end(log: Path) -> None:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip(". \t")]
    for line in lines[-SHOWN:]:
        print(f"  {line.strip()}", file=sys.stderr)
