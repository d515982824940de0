"""The topics, each read again only when its file has changed."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from conf.errors import PulsoError, StoreDown, WrongUse
from conf.schema import bound
from conf.tables import JOB_RUNS
from conf.topic import Topic, load_topic
from stores.prepare import prepared

if TYPE_CHECKING:
    from readers.page.source import Source

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Topics:
    """The topic files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, tuple[tuple[int, int], Topic]] = {}

    def get(self, name: str) -> Topic:
        """Returns a topic. Raises WrongUse if there is no such file, or if it is not valid."""
        path = self.folder / f"{name}.yaml"
        if not _ID.fullmatch(name) or not path.is_file():
            raise WrongUse(f"no topic {name[:60]!r}", f"Topics: {', '.join(self.names()) or 'none'}")
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        held = self._read.get(name)
        if not held or held[0] != stamp:
            held = (stamp, load_topic(name, self.folder))
            self._read[name] = held
        return held[1]

    def names(self) -> list[str]:
        """Returns the names of the topic files, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.yaml") if _ID.fullmatch(path.stem))

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
