"""The class-data archive: the classes that jobs load, as Java has them in memory, in one file that it maps at a start.

`make setup` makes it once, by a training run of Spark, and again when Java, Spark, the connector or the training has
changed. Then `deploy/start/spark-start.sh` lets each `spark-submit` on this machine use it. All is under
`PULSO_HOME/spark`; the file STAMP is written last and names what belongs together. Where it is missing or does not fit,
jobs start without it, only slower.
"""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError
from deploy.console import say, waits
from deploy.ivy import pyspark_folder
from deploy.jars import SPARK_DEFAULTS, spark_package_jars, spark_packages
from deploy.java import find_java, java_environment
from deploy.lock import locked
from deploy.start.class_path import connectors_jars, lay, sparks_jars

STAMP = "start.sh"
DEFAULT_HOME = ROOT / ".pulso"
SCRIPT = Path(__file__).with_name("training.py")
PATIENCE = 1800.0
"""The longest time, in seconds, that the training may take. On an idle machine it takes about 45."""
UNFIT = re.compile(r'[:"\\\n*?[]')
"""The characters that a path can't have here: they mean something on a class path, in Java's options or to a shell."""
QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")
"""Options of Java: it says nothing about classes that it can't archive, and there are always some."""
PLAIN = re.compile(r"[\w/.,+~-]+", re.ASCII)
"""Paths from which Java archives classes. It does not find them again where an address would escape a character."""
_JAVA_HOME = re.compile(r"^\s*java\.home = (.+)$", re.MULTILINE)
_VERSION = re.compile(r"^\s*java\.vm\.version = (.+)$", re.MULTILINE)
_RECORD = re.compile(r"^# (\{.*\})$", re.MULTILINE)


@dataclass(frozen=True)
class Plan:
    """All that an archive depends on."""

    java: str
    java_home: Path
    java_version: str
    spark_home: Path
    packages: str
    spark: tuple[Path, ...]
    connector: tuple[Path, ...]

    @property
    def digest(self) -> str:
        """A digest of the plan: of Java, of all jars with their sizes and times, and of the training."""
        jars = [(str(jar), jar.stat().st_size, jar.stat().st_mtime_ns) for jar in (*self.spark, *self.connector)]
        java = [self.java, str(self.java_home), self.java_version]
        code = [SCRIPT.read_text(encoding="utf-8"), Path(__file__).read_text(encoding="utf-8")]
        return hashlib.sha256(json.dumps([java, jars, self.packages, code]).encode()).hexdigest()[:16]


class Train(Protocol):
    """What makes the archive's file: for a plan and a class path, in one step, with a folder for its own files."""

    def __call__(self, plan: Plan, class_path: list[Path], archive: Path, scratch: Path) -> None:
        """Raises PulsoError if there is no archive after all."""
        ...


def provide_archive(home: Path, console: Console, others: Path = DEFAULT_HOME, train: Train | None = None) -> None:
    """Makes the archive in `home/spark`, unless one that fits is there or in `others/spark`.

    If the training fails, prints a line; jobs then run without the archive. `train` is what makes the archive's file.
    """
    plan = made_plan(home)
    if plan is None or any(is_whole(place / "spark", plan) for place in (home, others)):
        return
    with locked(home / "spark" / "lock", console):
        if not is_whole(home / "spark", plan):
            _make(home / "spark", plan, train or Training(home / "logs" / "spark-training.log"), console)


def made_plan(home: Path) -> Plan | None:
    """Returns what an archive in this home would be made of; None if there is no connector, or a path does not fit."""
    spark_home = pyspark_folder().resolve()
    spark = sparks_jars(spark_home)
    connector = connectors_jars(spark_package_jars(home), spark)
    if not connector or UNFIT.search(f"{home}{spark_home}"):
        return None
    java = find_java()
    return Plan(java, *_about(java), spark_home, spark_packages(), tuple(spark), tuple(connector))


def _about(java: str) -> tuple[Path, str]:
    """Returns the home and the exact version of a `java`."""
    command = [java, "-XshowSettings:properties", "-version"]
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    home, version = _JAVA_HOME.search(told.stderr), _VERSION.search(told.stderr)
    return Path(home.group(1) if home else java), version.group(1) if version else ""


def is_whole(folder: Path, plan: Plan) -> bool:
    """Returns whether the folder's stamp is of this plan, and all files that it lists have their sizes."""
    try:
        record = json.loads(_RECORD.findall((folder / STAMP).read_text(encoding="utf-8"))[0])
        files = dict(record["files"])
        return record["digest"] == plan.digest and all(Path(f).stat().st_size == size for f, size in files.items())
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return False


def _make(folder: Path, plan: Plan, train: Train, console: Console) -> None:
    for left in folder.glob("training.*"):
        shutil.rmtree(left, ignore_errors=True)
    class_path = lay(folder / "jars", plan.spark, plan.connector)
    archive = folder / f"{plan.digest}.jsa"
    what = "training a class-data archive, so that Spark starts fast (180 MB, about a minute)"
    with tempfile.TemporaryDirectory(prefix="training.", dir=folder) as scratch, waits(console) as shown:
        shown.begin(what, what)
        try:
            train(plan, class_path, archive, Path(scratch))
            said = (
                f"Spark's class-data archive: {archive.stat().st_size / 1e6:.0f} MB after {shown.seconds(what):.0f} s"
            )
        except PulsoError as failed:
            said = f"no class-data archive, so jobs start slower: {failed}. To try again, delete {folder / STAMP}"
    _write_stamp(folder, plan, class_path, archive)
    for old in folder.glob("*.jsa"):
        if not old.name.startswith(plan.digest):
            old.unlink()
    say(console, said)


def _write_stamp(folder: Path, plan: Plan, class_path: list[Path], archive: Path) -> None:
    """Writes what `spark-start.sh` reads, in one step. Without an archive, only the class path is used."""
    own = [file for file in (*class_path, archive, base_of(archive)) if file.is_relative_to(folder) and file.exists()]
    record = {"digest": plan.digest, "files": {str(file): file.stat().st_size for file in own}}
    values = {
        "java": plan.java,
        "spark_home": str(plan.spark_home),
        "packages": plan.packages,
        "class_path": ":".join(map(str, class_path)),
        "archive": str(archive) if archive.exists() else "",
        "archive_size": str(_size(archive)),
        "base": str(base_of(archive)) if base_of(archive).exists() else "",
        "base_size": str(_size(base_of(archive))),
    }
    lines = [f"pulso_{name}={shlex.quote(value)}" for name, value in values.items()]
    part = folder / f".{STAMP}.part"
    text = "# Written by `make setup`; deploy/start/spark-start.sh reads it.\n"
    part.write_text(f"{text}# {json.dumps(record)}\n" + "\n".join(lines) + "\n", encoding="utf-8")
    part.replace(folder / STAMP)


def base_of(archive: Path) -> Path:
    """Returns where the archive of Java's own classes is, if Java comes without one."""
    return archive.with_suffix(".base.jsa")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


class Training:
    """Makes the archive by a run of Spark. All that it prints goes to a log."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __call__(self, plan: Plan, class_path: list[Path], archive: Path, scratch: Path) -> None:
        """Makes the archive, in `scratch` and in one step. Raises PulsoError if that fails."""
        if not PLAIN.fullmatch(str(plan.spark_home)):
            raise PulsoError(f"Java archives no class from a path such as {plan.spark_home}", "Move the project")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        part = scratch / "part.jsa"
        options = [f"-XX:ArchiveClassesAtExit={part}", "-XX:TieredStopAtLevel=1", *QUIET]
        if not (plan.java_home / "lib" / "server" / "classes.jsa").exists():
            options.append(f"-XX:SharedArchiveFile={self._base(plan, archive, scratch)}")
        path = f"spark.driver.extraClassPath={':'.join(map(str, class_path))}"
        submit = [str(plan.spark_home / "bin" / "spark-submit"), "--master", "local[2]", "--conf", path]
        script = [str(SCRIPT), *map(str, class_path[len(plan.spark) :])]
        quoted = " ".join(f'"{option}"' for option in options)
        self._run([*submit, "--conf", "spark.jars.packages=", *script], scratch, {"SPARK_SUBMIT_OPTS": quoted})
        if not part.is_file():
            raise PulsoError("Java wrote none", f"See {self.log}")
        part.replace(archive)

    def _base(self, plan: Plan, archive: Path, scratch: Path) -> Path:
        """Makes an archive of Java's own classes, on which ours stands. The Java of the wheel comes without one."""
        part, base = scratch / "base.jsa", base_of(archive)
        self._run([plan.java, "-Xshare:dump", f"-XX:SharedArchiveFile={part}"], scratch, {})
        part.replace(base)
        return base

    def _run(self, command: list[str], folder: Path, own: dict[str, str]) -> None:
        """Runs a command in a folder. Raises PulsoError if it fails or does not end within PATIENCE seconds."""
        kept = {name: value for name, value in java_environment().items() if not name.startswith(("SPARK_", "PULSO_"))}
        spark = {"SPARK_HOME": str(pyspark_folder().resolve()), "SPARK_CONF_DIR": str(SPARK_DEFAULTS.parent)}
        own = {**kept, **spark, **own, "SPARK_LOCAL_DIRS": str(folder), "PYSPARK_PYTHON": sys.executable}
        with self.log.open("a", encoding="utf-8") as log:
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=own,
                    cwd=folder,
                    timeout=PATIENCE,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise PulsoError(f"the training did not end within {PATIENCE:.0f} s", f"See {self.log}") from None
        if done.returncode:
            raise PulsoError(f"the training ended with code {done.returncode}", f"See {self.log}")
