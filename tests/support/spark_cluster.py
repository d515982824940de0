"""A standalone Spark cluster of a master and two workers, which can't see the folders of the driver.

Each worker is a process in a mount namespace of its own: there, empty file systems lie over the project, the virtual
environment and the engines' home. Spark itself, from the pyspark package, is bound to a folder that they see. For this
one must be root, or the machine must let its users make namespaces; elsewhere the tests are skipped.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from conf import ROOT
from deploy.ivy import pyspark_folder
from deploy.java import find_java
from deploy.package.dist import SETTINGS
from deploy.package.libs import PYTHON
from tests.support.ports import LOCAL, free_port

WORKERS = 2
PATIENCE = 180.0
EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
_MAIN = "org.apache.spark.deploy"
_HIDE = """\
set -e
hidden="$1"; mount --bind "$2" "$3"; shift 3
IFS=:
for each in $hidden; do
  if [ -d "$each" ]; then mount -t tmpfs none "$each"; fi
done
unset IFS
exec "$@"
"""
"""A shell's script: shows one folder at another place, hides the others, and becomes the command. A hidden folder may
lie in another one."""


def executors_python() -> str:
    """Returns a Python of the same version that is not the virtual environment's, as workers have one."""
    found = (Path(name) for name in (f"/usr/bin/python{PYTHON}", f"{sys.base_prefix}/bin/python{PYTHON}"))
    return str(next(file for file in found if file.exists()))


def _apart() -> list[str]:
    """Returns what starts a command in a mount namespace of its own. Skips the test where nobody may make one."""
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    tried = ["mount", "-t", "tmpfs", "none", "/mnt"]
    if not shutil.which("unshare") or subprocess.run([*command, *tried], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace can be made here: run it as root, or allow user namespaces")
    return command


@dataclass
class SparkCluster:
    """The running cluster. `driver` is a folder for the driver's files, which the workers do not see."""

    folder: Path
    dist: Path
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    port: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)

    @property
    def driver(self) -> Path:
        """The folder of the driver's files."""
        return self.folder / "driver"

    @property
    def spark(self) -> Path:
        """Where the workers see Spark."""
        return self.folder / "spark"

    @property
    def python(self) -> str:
        """The Python of the executors."""
        return executors_python()

    def hidden(self) -> list[Path]:
        """The folders that the workers do not see: all that the driver has, and where jars are kept."""
        caches = [Path.home() / ".ivy2", Path.home() / ".cache"]
        folders = [ROOT, Path(sys.prefix).resolve(), self.driver, self.dist, *caches]
        return [folder for folder in folders if folder.is_dir()]

    def up(self) -> None:
        """Starts the master and the workers, and waits until the workers have told the master."""
        conf = self.folder / "conf"
        for made in (self.driver, self.spark, conf):
            made.mkdir(parents=True)
        self._settings(conf / "spark-defaults.conf", {})
        self._start("master", "Master", "--port", str(self.port), "--webui-port", str(self.page))
        for number in range(WORKERS):
            own = ["--cores", "1", "--memory", "2g", "--webui-port", str(free_port())]
            own += ["--work-dir", str(self.folder / f"work{number}"), f"spark://{LOCAL}:{self.port}"]
            self._start(f"worker{number}", "Worker", *own)
        until = time.monotonic() + PATIENCE
        while self._alive() < WORKERS:
            assert time.monotonic() < until, (self.folder / "worker0.log").read_text()[-3000:]
            time.sleep(0.2)

    def down(self) -> None:
        """Ends all processes that were started, and the executors that these have started."""
        started = [psutil.Process(one.pid) for one in self.processes if one.poll() is None]
        below = [child for one in started for child in one.children(recursive=True)]
        for one in self.processes:
            one.terminate()
        for one in self.processes:
            with suppress(subprocess.TimeoutExpired):
                one.wait(20)
        for left in [*started, *below]:
            with suppress(psutil.NoSuchProcess):
                left.kill()
        for one in self.processes:
            one.wait(20)

    def executors(self) -> list[psutil.Process]:
        """Returns the executors that run."""
        found = [child for one in self.processes for child in psutil.Process(one.pid).children(recursive=True)]
        return [one for one in found if _is_executor(one)]

    def settings(self, name: str, **others: str) -> Path:
        """Returns a folder for SPARK_CONF_DIR: a copy of what `make dist` has written, with this cluster's secret.

        `others` change or add settings. An underscore in a name stands for a dot.
        """
        conf = shutil.copytree(self.dist / SETTINGS, self.driver / name)
        values = {
            "spark.master": f"spark://{LOCAL}:{self.port}",
            "spark.pyspark.python": self.python,
            "spark.executor.memory": "1g",
            "spark.cores.max": str(WORKERS),
            **{key.replace("_", "."): value for key, value in others.items()},
        }
        file = conf / "spark-defaults.conf"
        self._settings(file, values, file.read_text())
        return conf

    def submit(self, conf: Path, script: Path, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Starts a script as a person does, from the driver's folder; what it says goes to output.log there."""
        submit = Path(sys.executable).parent / "spark-submit"
        own = {"SPARK_CONF_DIR": str(conf), "SPARK_LOCAL_IP": LOCAL, "SPARK_SUBMIT_OPTS": "-XX:TieredStopAtLevel=1"}
        with (self.driver / "output.log").open("wb") as log:
            return subprocess.Popen(
                [str(submit), str(script), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.driver,
                env={**_inherited(), **own, **environment},
            )

    def ended(self, process: "subprocess.Popen[bytes]", seconds: float = 1200) -> tuple[int, str]:
        """Waits until a script has ended; returns its exit code and what it said."""
        try:
            code = process.wait(timeout=seconds)
        finally:
            process.kill()
            process.wait()
        return code, (self.driver / "output.log").read_text()

    def run(self, conf: Path, script: Path, *arguments: str, **environment: str) -> tuple[int, str]:
        """Runs a script to its end; returns its exit code and what it said."""
        return self.ended(self.submit(conf, script, *arguments, **environment))

    def _settings(self, file: Path, values: dict[str, str], text: str = "") -> None:
        """Writes Spark's settings: only who knows the secret may talk to this cluster, and all is encrypted."""
        values = {
            "spark.authenticate": "true",
            "spark.authenticate.secret": self.secret,
            "spark.network.crypto.enabled": "true",
            **values,
        }
        file.write_text(text + "".join(f"{name} {value}\n" for name, value in values.items()))
        file.chmod(0o600)

    def _start(self, name: str, main: str, *arguments: str) -> None:
        hidden = ":".join(map(str, self.hidden()))
        apart = [*_apart(), "sh", "-c", _HIDE, "sh", hidden, str(pyspark_folder().resolve()), str(self.spark)]
        words = [str(self.spark / "bin" / "spark-class"), f"{_MAIN}.{main.lower()}.{main}", "--host", LOCAL, *arguments]
        own = {"SPARK_HOME": str(self.spark), "SPARK_CONF_DIR": str(self.folder / "conf"), "SPARK_LOCAL_IP": LOCAL}
        own |= {"PATH": f"{Path(find_java()).parent}:/usr/bin:/bin", "HOME": "/nonexistent"}
        own["SPARK_DAEMON_MEMORY"] = "256m"
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen([*apart, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=own)
            )

    def _alive(self) -> int:
        try:
            with urllib.request.urlopen(f"http://{LOCAL}:{self.page}/json/", timeout=5) as answer:
                return int(json.load(answer)["aliveworkers"])
        except OSError:
            return 0


def _inherited() -> dict[str, str]:
    """This process's environment, without what points its own Spark and Python anywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PULSO_", "SPARK_", "PY"))}


def _is_executor(process: psutil.Process) -> bool:
    try:
        return EXECUTOR in process.cmdline()
    except psutil.Error:
        return False


@contextmanager
def spark_cluster(folder: Path, dist: Path) -> Iterator[SparkCluster]:
    """Yields a running cluster for what `make dist` has built in `dist`; ends it at the end."""
    made = SparkCluster(folder, dist)
    try:
        made.up()
        yield made
    finally:
        made.down()
