"""The embedded Cassandra: one node, run from jars."""

import re
import shutil
from datetime import datetime
from pathlib import Path

from deploy.answers import Answer, Login, ask_cassandra
from deploy.java import find_java
from deploy.node import Node, render
from deploy.process import said
from deploy.server import Server

DAEMON = "org.apache.cassandra.service.CassandraDaemon"
_PORT = re.compile(r"^native_transport_port: (\d+)$", re.MULTILINE)
_ERROR = re.compile(
    r"^ERROR \[.*?\] (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d),\d{3}Z \S+ - (.*(?:\n(?!\w+ +\[)\S.*)?)", re.MULTILINE
)
"""An error in the log: its time (UTC), its message, and the first line of its exception."""


class CassandraServer(Server):
    """The process of a node. On SIGTERM it first flushes every table, then ends."""

    name = "Cassandra"
    executable = "java"

    def __init__(self, node: Node) -> None:
        self.node = node
        self.folder = node.folder
        self.config = node.folder / "cassandra.yaml"
        self.log = node.logs / "system.log"
        self.output = node.logs / "output.log"
        self.pid_file = node.home / "run" / "cassandra.pid"
        self.ports = node.ports

    def program(self) -> str:
        """The path of the Java that runs it."""
        return find_java()

    @property
    def arguments(self) -> list[str]:
        """Two argument files and the main class, so the command line of the process stays short."""
        return [f"@{self.folder / 'classpath.options'}", f"@{self.folder / 'jvm.options'}", DAEMON]

    def render(self) -> None:
        """Writes the node's configuration, and deletes what an earlier run has left.

        That is native libraries that a killed node had unpacked, and empty files of the commit log, which hold nothing:
        a full disk leaves them, and with one among the others Cassandra would not start.
        """
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        for segment in (self.folder / "commitlog").glob("CommitLog-*.log"):
            if not segment.stat().st_size:
                segment.unlink()
        render(self.node)

    def rendered_port(self) -> int | None:
        """The CQL port in cassandra.yaml; None if the file does not exist yet."""
        found = _PORT.search(self.config.read_text(encoding="utf-8")) if self.config.is_file() else None
        return int(found.group(1)) if found else None

    def ask(self) -> Answer | None:
        """Asks for the version in CQL."""
        return ask_cassandra(self.node.address, self.node.cql_port, Login())

    def last_error(self, pid: int, started: float) -> tuple[str, Path]:
        """The last error in system.log since the start, or else the JVM's output; and the path of that file."""
        log = self.log.read_text(encoding="utf-8", errors="replace") if self.log.is_file() else ""
        errors = [" ".join(text.split()) for at, text in _ERROR.findall(log) if _seconds(at) >= int(started)]
        if errors:
            return errors[-1], self.log
        return said(self.output, besides=("WARNING: ",)), self.output


def _seconds(at: str) -> float:
    return datetime.fromisoformat(f"{at}+00:00").timestamp()
