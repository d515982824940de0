"""A server of an embedded engine: all that is needed to start it, to find its process and to stop it."""

import os
from abc import ABC, abstractmethod
from pathlib import Path
from string import Template

from deploy.answers import Answer
from deploy.credentials import Engine
from deploy.ports import Port

TEMPLATES = Path(__file__).parent / "templates"
LARGEST_LOG = 10_000_000
"""In bytes. A larger log is renamed at the next start, unless the server rotates its log itself."""


class Server(ABC):
    """One embedded server. Subclasses define how it is configured, started and asked."""

    name: str
    login_of: Engine
    """Whose login it needs, in PULSO_HOME/credentials."""
    executable: str
    """The file name of its program."""
    folder: Path
    """Its working folder, with its configuration and data."""
    config: Path
    log: Path
    output: Path
    """The file with its stdout and stderr since the last start."""
    pid_file: Path
    ports: tuple[Port, ...]
    """The ports that it listens on; the first is for clients."""

    @abstractmethod
    def program(self) -> str:
        """The path of the program, after a check of its version. Raises PulsoError with the fix."""

    @property
    @abstractmethod
    def arguments(self) -> list[str]:
        """The program's arguments. They are also used to find its running process."""

    @abstractmethod
    def render(self) -> None:
        """Makes its folders and writes its configuration."""

    @abstractmethod
    def rendered_port(self) -> int | None:
        """The port in the configuration that was last rendered; None if there is none."""

    @abstractmethod
    def ask(self) -> Answer | None:
        """Asks it for its version; None if it does not answer."""

    def admit(self) -> Answer | None:
        """Asks it, as `ask` does, after making its login where only the running server can do that."""
        return self.ask()

    @property
    def needs_login(self) -> bool:
        """Whether `up` has generated a login that it needs."""
        return False

    @abstractmethod
    def last_error(self, pid: int, started: float) -> tuple[str, Path]:
        """Returns the last error that the process (pid, start) logged, or else its output; and the file's path."""

    @property
    def address(self) -> str:
        """Where clients connect, as host:port."""
        return f"{self.ports[0].host}:{self.ports[0].number}"


def fill(template: str, values: dict[str, object]) -> str:
    """Returns the text of a file in deploy/templates, with values in place of its variables."""
    return Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)


def quoted(text: object) -> str:
    """Returns the text in double quotes, with escapes that YAML, Java argument files and redis.conf understand."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def put_aside(log: Path) -> None:
    """Renames a log that is larger than LARGEST_LOG; an older renamed log is overwritten."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name(log.name + ".1"))


def size_on_disk(folder: Path) -> int:
    """Bytes on disk of a folder's files. Files that are deleted meanwhile are not counted."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_blocks * 512
            except OSError:
                continue
    return total
