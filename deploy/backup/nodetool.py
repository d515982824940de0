"""Runs Cassandra's nodetool on a node of this machine, from the same jars and with the node's login over JMX."""

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from conf.errors import PulsoError
from deploy.java import find_java

TOOL = "org.apache.cassandra.tools.NodeTool"
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Options of Java: the tool runs for seconds."""
SAID = 300
_PORT = re.compile(r"^-Dcassandra\.jmx\.local\.port=(\d+)$", re.MULTILINE)
_NOISE = re.compile(r"^\d\d:\d\d:\d\d[.,]\d+ \[[^\]]*\] (DEBUG|INFO) ")
"""What the tool's logger writes among its answer."""


def run_nodetool(folder: Path, arguments: Sequence[str], on_line: Callable[[str], None] = lambda _: None) -> list[str]:
    """Returns the lines that nodetool prints; `on_line` gets each at once, as some commands take hours.

    `folder` is the node's, with its rendered configuration. Raises PulsoError if nodetool fails.
    """
    options, passwords = folder / "classpath.options", folder / "jmx.password"
    port = _PORT.search(file.read_text()) if (file := folder / "jvm.options").is_file() else None
    if port is None:
        raise PulsoError(f"no node has run in {folder}", "Set PULSO_HOME to that of a node on this machine")
    login = ["-u", passwords.read_text().split()[0], "-pwf", str(passwords)] if passwords.is_file() else []
    command = [find_java(), *QUICK, f"@{options}", TOOL, "-p", port.group(1), *login, *arguments]
    lines = []
    with subprocess.Popen(
        command,
        cwd=folder,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        for line in process.stdout or ():
            if not _NOISE.match(line):
                lines.append(line.rstrip("\n"))
                on_line(lines[-1])
    if process.returncode:
        why = " ".join(" ".join(line for line in lines if line.strip()).split())[:SAID]
        raise PulsoError(f"nodetool {' '.join(arguments)} failed: {why}", "Does the node run? See make status")
    return lines
