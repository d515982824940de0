"""The topics, each read again only when its file has changed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from conf.errors import PulsoError, StoreDown, WrongUse
from conf.schema import bound
from conf.tables import JOB_RUNS
from conf.topic import Topic, load_topic
from stores.prepare import prepared

if TYPE_CHECKING:
    from readers.page.source import Source

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TITLE = re.compile(rb"^title:[ \t]+\S.*(?:\n[ \t]+\S.*)*", re.MULTILINE)
"""A title, with the lines that go on with it."""
Stamp = tuple[int, int]
"""A file's time and size: as long as they stay, so does what was read from it."""


class Topics:
    """The topic files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[Stamp, Topic]] = {}
        self._titles: dict[str, tuple[Stamp, str]] = {}

    def get(self, name: str) -> Topic:
        """Returns a topic. Raises WrongUse if there is no such file, or if it is not valid."""
        path = self.folder / f"{name}.yaml"
        if not _ID.fullmatch(name) or not path.is_file():
            raise WrongUse(f"no topic {name[:60]!r}", f"Topics: {', '.join(self.names()) or 'none'}")
        stamp = _stamp(path)
        held = self._read.get(name)
        if not held or held[0] != stamp:
            held = (stamp, load_topic(name, self.folder))
            self._read[name] = held
        return held[1]

    def names(self) -> list[str]:
        """Returns the names of the topic files, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.yaml") if _ID.fullmatch(path.stem))

    def titles(self) -> dict[str, str]:
        """Returns the title of each topic by its name; empty where it has none, or none that can be read.

        The rest of a file is not looked at: a mistake in one topic is no reason to lack the others.
        """
        return {name: self._title(name) for name in self.names()}

    def _title(self, name: str) -> str:
        path = self.folder / f"{name}.yaml"
        try:
            stamp = _stamp(path)
            held = self._titles.get(name)
            if not held or held[0] != stamp:
                held = (stamp, _title_in(path.read_bytes()))
                self._titles[name] = held
        except OSError:  # it has just been removed, or may not be read
            return ""
        return held[1]

    def newest(self, source: "Source") -> str:
        """Returns the topic whose poll was computed last; the first where none was; empty where there is no topic."""
        names = self.names()
        try:
            with source.session() as session:
                table = f"{source.keyspace}.{JOB_RUNS.name}"
                cql = f"SELECT started_at FROM {table} WHERE {bound(JOB_RUNS.partition)} LIMIT 1"
                asked = prepared(session, cql)
                rows = {name: session.execute(asked, ("candidate_poll", name)).one() for name in names}
        except (StoreDown, PulsoError):
            return next(iter(names), "")
        ran = {name: row.started_at for name, row in rows.items() if row}
        return max(ran, key=lambda name: ran[name]) if ran else next(iter(names), "")


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def _title_in(content: bytes) -> str:
    found = _TITLE.search(content)
    try:
        told = yaml.safe_load(found[0]) if found else {}
    except (yaml.YAMLError, ValueError):
        return ""
    return str(told["title"]) if isinstance(told, dict) and isinstance(told.get("title"), str) else ""
