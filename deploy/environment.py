"""Adds to the virtual environment, in `make setup`: Java 17, if the machine has none, and what Spark's start needs.

The `spark-submit` that pip installs finds Spark only in an activated environment. Here it is replaced by a script that
works from any folder, without activation.
"""

import importlib
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError, WrongUse
from deploy.console import say
from deploy.ivy import pyspark_folder
from deploy.java import JAVA_17, find_java

REQUIREMENTS = ROOT / "requirements-java.txt"
COMMANDS = ("spark-submit", "pyspark", "spark-shell", "spark-sql", "spark-class", "beeline")
_SCRIPT = """\
#!/bin/sh
# Written by `make setup`: runs the Spark of this virtual environment, whatever SPARK_HOME and the PATH are.
export SPARK_HOME={home}
[ -n "$PYSPARK_PYTHON" ] || export PYSPARK_PYTHON={python}
exec "$SPARK_HOME"/bin/{command} "$@"
"""
PACKAGES = Path(sysconfig.get_path("purelib"))
PATH_FILE = "pulso-pyspark.pth"
_ZIPS = ("pyspark.zip", "py4j-*-src.zip")


def provide_java(console: Console) -> None:
    """Installs the Java of requirements-java.txt into this Python's environment, unless there is a Java 17 already.

    Raises WrongUse when JAVA_HOME is set to another Java, and PulsoError when pip fails or the installed Java does not
    run.
    """
    try:
        find_java()
        return
    except WrongUse:
        raise
    except PulsoError as missing:
        say(console, f"{missing.what}; installing it into .venv (a download of 38 MB)")
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    pip += ["--require-hashes", "-r", str(REQUIREMENTS)]
    done = subprocess.run(pip, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        told = errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with code {done.returncode}"
        raise PulsoError(f"no Java 17 was found, and installing one failed: {told}", f"Install {JAVA_17}")
    importlib.invalidate_caches()
    find_java()


def write_spark_commands(environment: Path = Path(sys.prefix)) -> None:
    """Replaces the scripts that pip installed for Spark in the environment's bin folder. Adds no other scripts."""
    bin_folder, spark = environment.resolve() / "bin", pyspark_folder().resolve()
    for command in COMMANDS:
        file = bin_folder / command
        home, python = shlex.quote(str(spark)), shlex.quote(str(bin_folder / "python"))
        script = _SCRIPT.format(home=home, python=python, command=command)
        if file.is_file() and file.read_text(encoding="utf-8") != script:
            part = file.with_name(f".{command}.part")
            part.write_text(script, encoding="utf-8")
            part.chmod(0o755)
            part.replace(file)


def import_pyspark_compiled(packages: Path = PACKAGES) -> None:
    """Lets `spark-submit` and Spark's workers import pyspark from its package, by a file that Python reads first.

    Spark puts zip files with the same modules before the package. Python keeps no compiled modules for zip files, so it
    would compile these at each start, for half a second. The zip files of any other Spark stay where they are.
    """
    folder = pyspark_folder().resolve() / "python" / "lib"
    zips = sorted(str(file) for name in _ZIPS for file in folder.glob(name))
    line = f"import sys; sys.path[:] = [path for path in sys.path if path not in {zips}]\n"
    file = packages / PATH_FILE
    if not file.is_file() or file.read_text(encoding="utf-8") != line:
        part = file.with_suffix(".part")
        part.write_text(line, encoding="utf-8")
        part.replace(file)
