"""A server process of an embedded engine: what the start, the search and the end of it need to know."""

import os
from abc import ABC, abstractmethod
from pathlib import Path
from string import Template

from deploy.answers import Answer
from deploy.ports import Port

TEMPLATES = Path(__file__).parent / "templates"
LARGEST_LOG = 10_000_000
"""Bytes above which a log that nobody rolls is put aside at the next start."""


class Server(ABC):
    """One embedded server; subclasses say how it is configured, started and asked."""

    name: str
    executable: str
    """File name of the program that its process runs."""
    folder: Path
    """Where it runs and keeps its configuration and data."""
    config: Path
    log: Path
    output: Path
    """Its stdout and stderr since the last start."""
    pid_file: Path
    ports: tuple[Port, ...]
    """What it listens on; the first is the one that clients connect to."""

    @abstractmethod
    def program(self) -> str:
        """The program's path, checked. Raises PulsoError with the fix."""

    @property
    @abstractmethod
    def arguments(self) -> list[str]:
        """The program's arguments, by which its process is found again."""

    @abstractmethod
    def render(self) -> None:
        """Makes its folders and writes its configuration."""

    @abstractmethod
    def rendered_port(self) -> int | None:
        """The port that the configuration last rendered names."""

    @abstractmethod
    def ask(self) -> Answer | None:
        """Asks it for an answer in its protocol; None if there is none."""

    @abstractmethod
    def last_error(self, pid: int, started: float) -> tuple[str, Path]:
        """The last error that the process of that pid and start logged, else what it printed; and where that stands."""

    @property
    def address(self) -> str:
        """Where clients connect, as host:port."""
        return f"{self.ports[0].host}:{self.ports[0].number}"


def fill(template: str, values: dict[str, object]) -> str:
    """A file of deploy/templates with its variables filled in."""
    return Template((TEMPLATES / template).read_text(encoding="utf-8")).substitute(values)


def quoted(text: object) -> str:
    """A text in double quotes, in the escapes that YAML, a Java argument file and redis.conf have in common."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def put_aside(log: Path) -> None:
    """Renames a log that has grown large; one older one is kept."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name(log.name + ".1"))


def size_on_disk(folder: Path) -> int:
    """Bytes that a folder's files take up; files that go meanwhile are left out."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_blocks * 512
            except OSError:
                continue
    return total
