"""Reads mirrored days: a file is used only while it is whole, and its day has not been changed since."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import structlog
from cassandra.cluster import Session

from conf.digest import digest
from conf.settings import Settings
from conf.tables import POSTS
from conf.topic import Topic
from readers.whole_days.columns import arrow_type
from readers.whole_days.stored_posts import COLUMNS, FEW
from stores.changed_days import State, state_of
from stores.prepare import prepared

EXPIRES = "expires_at"
"""The column of the time at which a post's retention ends, UTC; null for ever."""
FORM = digest([1, *((name, POSTS.columns[name].cql) for name in COLUMNS)])
"""Files of another form are written again."""
_FORM, _TABLE, _CHANGES, _EVERY = b"pulso.form", b"pulso.table", b"pulso.changes", b"pulso.every"

log = structlog.get_logger("mirror")


def folder_of(settings: Settings, topic: Topic) -> Path:
    """Returns the folder of a topic's files."""
    return settings.home / "mirror" / settings.keyspace / topic.topic


def table_id(session: Session, keyspace: str) -> str:
    """Returns the id of the table of posts: it differs in another Cassandra, and after the table was made again."""
    query = "SELECT id FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?"
    row = session.execute(prepared(session, query), (keyspace, POSTS.name)).one()
    return str(row.id) if row else ""


def marked(state: State, table: str) -> dict[bytes, bytes]:
    """Returns the metadata of a file: of which table and state of the day it is."""
    changes, every = state
    return {
        _FORM: FORM.encode(),
        _TABLE: table.encode(),
        _CHANGES: str(changes).encode(),
        _EVERY: str(every).encode(),
    }


def holds(file: Path, mark: dict[bytes, bytes]) -> bool:
    """Returns whether a file is there, can be read, and has this metadata."""
    try:
        found = pq.read_schema(file).metadata or {}
    except (OSError, pa.ArrowException):
        return False
    return mark.items() <= found.items()


class MirroredDays:
    """The mirrored days of a topic. Every method raises the driver's errors while Cassandra is down."""

    def __init__(self, session: Session, settings: Settings, topic: Topic) -> None:
        self._session, self._keyspace, self._topic = session, settings.keyspace, topic.topic
        self._folder = folder_of(settings, topic)
        self._table = table_id(session, settings.keyspace)

    def read(self, day: date, columns: Sequence[str]) -> pa.Table | None:
        """Returns the posts of a day; None if it has no file that is whole and current.

        Cassandra is asked for each day when it is read, so that what was deleted before is in no answer. Posts whose
        retention has ended are left out.
        """
        file = self._folder / f"{day}.parquet"
        if not file.exists():
            return None
        if not holds(file, marked(state_of(self._session, self._keyspace, (self._topic, day)), self._table)):
            return None
        try:
            rows = pq.read_table(file, columns=[*columns, EXPIRES], page_checksum_verification=True, memory_map=True)
        except (OSError, pa.ArrowException) as error:
            log.warning("a mirrored day is damaged: Cassandra is asked", file=str(file), error=str(error)[:200])
            with suppress(OSError):
                file.unlink()  # so that the next mirror writes it again
            return None
        expires = rows[EXPIRES]
        if expires.null_count < len(expires):
            rows = rows.filter(pc.fill_null(pc.greater(expires, datetime.now(UTC)), fill_value=True))
        return rows.drop_columns([EXPIRES])

    @staticmethod
    def no_rows(columns: Sequence[str], *, few: bool = True) -> pa.Table:
        """Returns a table with these columns and no rows; with `few`, those with few values are dictionaries."""
        kinds = {name: arrow_type(POSTS.columns[name].cql) for name in columns}
        coded = {name: pa.dictionary(pa.int32(), kind) if few and name in FEW else kind for name, kind in kinds.items()}
        return pa.table({name: pa.array([], kind) for name, kind in coded.items()})
