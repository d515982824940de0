"""`make dist`: builds dist/, what a Spark cluster needs of the project."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError
from deploy.console import say, waits
from deploy.digests import DIGESTS, check_digests
from deploy.ivy import pyspark_folder
from deploy.jars import fetch_spark_packages, spark_package_jars
from deploy.lock import locked
from deploy.package.code import NAME, write_code
from deploy.package.libs import PYTHON, Arch, For, is_current, libs_name, write_libs
from deploy.package.settings import write_settings
from deploy.start.class_path import connectors_jars, sparks_jars

DIST = ROOT / "dist"
JARS, SETTINGS = "jars", "conf"


def build(home: Path, console: Console, arch: Arch, of: For = "executors", dist: Path = DIST) -> None:
    """Builds all parts, and prints a line for each. Only what has changed is built again.

    With `of="driver"`, also builds the libraries of the driver, for masters that run it on the cluster. Raises
    PulsoError.
    """
    dist.mkdir(parents=True, exist_ok=True)
    with locked(dist / ".lock", console):
        write_code(dist / NAME)
        _tell(dist / NAME, "the code, for --py-files", console)
        kinds: tuple[For, ...] = ("executors",) if of == "executors" else ("executors", "driver")
        for each in kinds:
            _build_libs(dist / libs_name(arch, each), arch, each, console)
        fetch_spark_packages(home, console)
        lay_jars(spark_package_jars(home), dist / JARS)
        _tell(dist / JARS, "the connector, for --jars where there is no network", console)
        write_settings(dist / SETTINGS, dist / NAME, dist / libs_name(arch), dist / JARS, PYTHON)
        say(console, f"{dist.name}/{SETTINGS}: Spark's settings with all these, for SPARK_CONF_DIR (docs/cluster.md)")


def _build_libs(target: Path, arch: Arch, of: For, console: Console) -> None:
    if not is_current(target, arch, of):
        what = f"packing the libraries of the {of}"
        with waits(console) as shown:
            shown.begin(what, f"{what} (a minute or two)")
            write_libs(target, arch, of)
    _tell(target, f"the libraries of the {of}, for --archives …#libs", console)


def lay_jars(packages: Iterable[Path], folder: Path, digests: Path = DIGESTS) -> None:
    """Copies the jars that Spark does not have itself into a folder, in place of all that it had.

    Raises PulsoError if there are none, or one does not have its recorded digest.
    """
    jars = connectors_jars(packages, sparks_jars(pyspark_folder()))
    if not jars:
        raise PulsoError("the connector's jars are not there", "Run make setup")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for jar in jars:
        shutil.copy2(jar, part)
    check_digests(part.glob("*.jar"), digests)  # the copies: what is checked is what is used
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)


def _tell(built: Path, what: str, console: Console) -> None:
    files = [built] if built.is_file() else list(built.iterdir())
    size = sum(file.stat().st_size for file in files)
    say(console, f"{built.parent.name}/{built.name}: {size / 1e6:.1f} MB, {what}")
