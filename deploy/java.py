"""Finds the Java that runs Cassandra and Ivy: version 17, from JAVA_HOME or else from the PATH."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from conf.errors import PulsoError

WANTED = 17
FIX = (
    "Install Java 17 (Debian, Ubuntu: openjdk-17-jre-headless; macOS: brew install openjdk@17) and set JAVA_HOME to it"
)
PATIENCE = 30.0
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find_java() -> str:
    """The path of a `java` of version 17.

    Raises PulsoError, with the fix, when there is none, when it does not run, or when it is another version.
    """
    java, origin = _candidate()
    version = java_version(java)
    if version is None:
        raise PulsoError(f"{java} ({origin}) does not say its version, so there is no Java here", FIX)
    if version != WANTED:
        age = "older" if version < WANTED else "newer"
        raise PulsoError(f"{java} ({origin}) is Java {version}, {age} than the {WANTED} that Cassandra 5.0 needs", FIX)
    return java


def java_version(java: str) -> int | None:
    """The major version that `java -version` prints; None when it does not run or prints none."""
    try:
        told = subprocess.run(
            [java, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(told.stderr + told.stdout)
    return int(found.group(1)) if found and told.returncode == 0 else None


def _candidate() -> tuple[str, str]:
    home = os.environ.get("JAVA_HOME")
    if home:
        java = Path(home) / "bin" / "java"
        if not os.access(java, os.X_OK):
            raise PulsoError(f"JAVA_HOME is {home}, which has no bin/java", FIX)
        return str(java), "from JAVA_HOME"
    on_path = shutil.which("java")
    if on_path is None:
        raise PulsoError("there is no java on the PATH and JAVA_HOME is not set", FIX)
    return on_path, "on the PATH"
