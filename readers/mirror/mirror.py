"""Writes the posts of days that are over as files, and again those that were changed since."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from readers.files import locked, sync, told_of_disk
from readers.mirror.days import EXPIRES, folder_of, holds, marked, table_id
from readers.whole_days.stored_posts import COLUMNS, FEW, TTL, day_bounds, read_days, stored_days
from readers.whole_days.wire import raw_session
from stores.changed_days import EVERY, State, state_of, states
from stores.layout import check_layout
from stores.refused import silence_told

PATIENCE = 60.0
"""Seconds for which this waits for another mirror of the same topic."""
OnDay = Callable[[int, int], None]


@dataclass(frozen=True)
class Mirrored:
    """What was done: the numbers of days whose files were written, were current, or were removed; and the posts."""

    folder: Path
    written: int
    current: int
    removed: int
    posts: int


def mirror(session: Session, settings: Settings, topic: Topic, on_day: OnDay = lambda _done, _days: None) -> Mirrored:
    """Makes a file of each day of a topic that is over, unless there is one that is current.

    A file gets its name when it is whole. What is in memory does not depend on the number of posts. Raises PulsoError
    if the disk is full or another process mirrors the topic, StoreDown if Cassandra does not answer.
    """
    check_layout(session, settings.keyspace, topic)
    folder = folder_of(settings, topic)
    with told_of_disk(folder, "PULSO_HOME", "Files that are there are whole"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder / ".lock", f"mirroring {topic.topic}", PATIENCE):
            try:
                with silence_told("See `make status`; run it again. Files that are there are whole"):
                    return _mirror(session, settings, topic, folder, on_day)
            finally:
                for part in folder.glob(".*.part"):
                    part.unlink()


def _mirror(session: Session, settings: Settings, topic: Topic, folder: Path, on_day: OnDay) -> Mirrored:
    keyspace = settings.keyspace
    # The states are read before the posts: what changes after that makes the file out of date.
    table, known = table_id(session, keyspace), states(session, keyspace, topic.topic)
    unchanged: State = (0, state_of(session, keyspace, EVERY)[1])
    now = datetime.now(UTC)
    days = [day for day in stored_days(session, keyspace, topic) if day_bounds(topic, day)[1] <= now]
    marks = {day: marked(known.get(day, unchanged), table) for day in days}
    stale = [day for day in days if not holds(_file(folder, day), marks[day])]
    posts, written = 0, list[date]()
    with raw_session(session) as raw:
        for number, day in enumerate(stale, 1):
            tables = read_days(session, raw, keyspace, topic, [day], (*COLUMNS, TTL))
            if count := _write(_file(folder, day), (rows for _, rows in tables), marks[day]):
                written.append(day)
                posts += count
            on_day(number, len(stale))
    removed = _remove(folder, {*days} - ({*stale} - {*written}))  # a day may have lost its last post meanwhile
    return Mirrored(folder, len(written), len(days) - len(stale), removed, posts)


def _file(folder: Path, day: date) -> Path:
    return folder / f"{day}.parquet"


def _write(file: Path, tables: Iterator[pa.Table], mark: dict[bytes, bytes]) -> int:
    """Writes a file that only its owner reads; returns the number of posts. No posts, no file."""
    part, count = file.with_name(f".{file.name}.part"), 0
    now = datetime.now(UTC)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as opened:
        writer = None
        for rows in tables:
            table = _with_expiry(rows, now)
            if writer is None:
                schema = table.schema.with_metadata(mark)
                writer = pq.ParquetWriter(opened, schema, **_WRITTEN)
            writer.write_table(table)
            count += len(table)
        if writer is None:
            return 0
        writer.close()
    sync(part)
    part.replace(file)
    sync(file.parent)
    return count


_WRITTEN: dict[str, Any] = {
    "compression": "zstd",
    "write_page_checksum": True,
    "use_dictionary": [*FEW, "author", "author_id", "client", "place"],  # columns whose values recur
    "use_compliant_nested_type": False,  # else lists are read back with another type than they were written with
}


def _with_expiry(rows: pa.Table, now: datetime) -> pa.Table:
    seconds = rows[TTL].cast(pa.int64())
    ends = pc.add(pa.scalar(int(now.timestamp())), seconds).cast(pa.timestamp("s", tz="UTC"))
    table = rows.drop_columns([TTL]).append_column(EXPIRES, ends)
    for number, name in enumerate(table.column_names):
        if name in FEW:
            table = table.set_column(number, name, table[name].dictionary_encode())
    return table


def _remove(folder: Path, days: Collection[date]) -> int:
    """Removes the files of days that have no posts any more; returns their number."""
    kept = {_file(folder, day).name for day in days}
    gone = [file for file in folder.glob("*.parquet") if file.name not in kept]
    for file in gone:
        with suppress(FileNotFoundError):
            file.unlink()
    return len(gone)
