"""The embedded Cassandra: one node, run from jars."""

import re
import shutil
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from conf.credentials import FILE, Credential, read_credentials
from deploy.answers import REFUSED, Answer, Login, ask_cassandra
from deploy.cassandra_login import admit
from deploy.credentials import Engine, keep_login
from deploy.java import find_java
from deploy.node import Node, render
from deploy.process import said
from deploy.server import Server

LOGIN_SECONDS = 20.0
"""Seconds within which Cassandra must have made its first user after it answers."""
DAEMON = "org.apache.cassandra.service.CassandraDaemon"
_PORT = re.compile(r"^native_transport_port: (\d+)$", re.MULTILINE)
_ERROR = re.compile(
    r"^ERROR \[.*?\] (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d),\d{3}Z \S+ - (.*(?:\n(?!\w+ +\[)\S.*)?)", re.MULTILINE
)
"""An error in the log: its time (UTC), its message, and the first line of its exception."""


class CassandraServer(Server):
    """The process of a node that needs a login. On SIGTERM it first flushes every table, then ends.

    `own` is the login of the settings, if they have one: it is made beside the generated one.
    """

    name = "Cassandra"
    login_of: Engine = "cassandra"
    executable = "java"

    def __init__(self, node: Node, own: Credential | None = None) -> None:
        self.node, self._own = node, own
        self._refused_since: float | None = None
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
        """Writes the node's configuration and login, and deletes what an earlier run has left.

        That is native libraries that a killed node had unpacked, and empty files of the commit log, which hold nothing:
        a full disk leaves them, and with one among the others Cassandra would not start.
        """
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        for segment in (self.folder / "commitlog").glob("CommitLog-*.log"):
            if not segment.stat().st_size:
                segment.unlink()
        render(self.node, self.login())

    def login(self) -> Credential | None:
        """The login that the node needs from this start on: a generated one. None would let everybody in."""
        return keep_login(self.node.home, self.login_of, self.address)

    def rendered_port(self) -> int | None:
        """The CQL port in cassandra.yaml; None if the file does not exist yet."""
        found = _PORT.search(self.config.read_text(encoding="utf-8")) if self.config.is_file() else None
        return int(found.group(1)) if found else None

    def ask(self) -> Answer | None:
        """Asks for the version in CQL."""
        login = self._own or self._kept
        known = Login(login.user, login.password) if login else Login()
        answer = ask_cassandra(self.node.address, self.node.cql_port, known)
        return self._refused(answer) if answer and answer.problem == REFUSED and not self._own else answer

    def admit(self) -> Answer | None:
        """Makes its login, and asks for the version. A refused login can still be made within LOGIN_SECONDS."""
        if self._kept is None:
            return self.ask()
        answer = admit(self.node.address, self.node.cql_port, self._kept, self._own)
        if answer is None or answer.problem != REFUSED:
            return self.ask() if answer and self._own and not answer.problem else answer
        now = time.monotonic()
        self._refused_since = self._refused_since or now
        return replace(self._refused(answer), passing=now - self._refused_since < LOGIN_SECONDS)

    @property
    def needs_login(self) -> bool:
        """Whether it was started with a generated login."""
        return self._kept is not None

    @property
    def _kept(self) -> Credential | None:
        """The generated login, if it is for this address; a node that an earlier release has started has none."""
        kept = read_credentials(self.node.home).cassandra
        return kept if kept and kept.address == self.address else None

    def _refused(self, answer: Answer) -> Answer:
        """The answer, with what to do about a login that is no longer that of the data."""
        file, logins = self.node.home / FILE, self.node.data / "system_auth"
        fix = f"put back the {file} of this data, or run make down, delete {logins}, and run make up"
        return replace(answer, problem=f"refuses the login: {fix}")

    def last_error(self, pid: int, started: float) -> tuple[str, Path]:
        """The last error in system.log since the start, or else the JVM's output; and the path of that file."""
        log = self.log.read_text(encoding="utf-8", errors="replace") if self.log.is_file() else ""
        errors = [" ".join(text.split()) for at, text in _ERROR.findall(log) if _seconds(at) >= int(started)]
        if errors:
            return errors[-1], self.log
        return said(self.output, besides=("WARNING: ",)), self.output


def _seconds(at: str) -> float:
    return datetime.fromisoformat(f"{at}+00:00").timestamp()
