"""Publishes a topic's summary tables as files: Parquet, and one DuckDB file; then, if asked, to PostgreSQL."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from cassandra.cluster import Session

from conf import VERSION
from conf.errors import PulsoError
from conf.settings import Settings
from conf.topic import Topic
from readers.files import full_disk, told_of_disk
from readers.options import PUBLIC_FROM
from readers.packs.summaries import SUMMARIES, Window
from readers.published import elsewhere, postgres
from readers.published.database import Fact, write_database
from readers.published.folder import OLD, new_set
from readers.published.tables import write_parquet
from readers.published.unnamed import unnamed
from readers.published.whole import Seen, jobs, read_job
from readers.runs.runs import has_succeeded
from stores.elsewhere import is_address
from stores.layout import check_layout
from stores.published import place_of
from stores.refused import silence_told

DESCRIPTION = "publication.json"
NOTE = "Shares are shares of conversation, with sampling error only. They are no forecast. A flag is no proof of a bot."
OnTable = Callable[[str], None]


@dataclass(frozen=True)
class Publication:
    """What was published: the place, the number of rows by table, and whether PostgreSQL was filled, too."""

    place: str
    rows: dict[str, int]
    in_postgres: str = ""


def publish(
    session: Session,
    settings: Settings,
    topic: Topic,
    to: str = "",
    on_table: OnTable = lambda _: None,
    min_followers: int = PUBLIC_FROM,
) -> Publication:
    """Publishes what the jobs have published of a topic, whole or not at all.

    `to` is a folder or an address; empty, it is that of the settings, and without one PULSO_HOME/published. `on_table`
    is called with the name of each table before it is read. `min_followers` says who is named (`unnamed.py`).

    Runs over a time without posts publish no rows; then the tables are empty.

    Raises PulsoError if no run has ended well yet, if the files can't be written, or if runs go on replacing a job's
    tables; StoreDown if Cassandra does not answer. What was published before is still there then.
    """
    to = to or settings.publish_to or str(settings.home / "published")
    check_layout(session, settings.keyspace, topic)
    told = silence_told("See `make status`. What was published before is still there; run the command again")
    with told, _place(to, topic.topic) as (folder, place):
        rows = _write(Window(session, settings.keyspace, topic, None, None), folder, on_table, min_followers)
        if is_address(to):
            on_table(place)
            elsewhere.send(folder, to, topic.topic, DESCRIPTION)
        schema = _fill(folder, settings, topic, on_table)
    return Publication(place, rows, schema)


@contextmanager
def _place(to: str, topic: str) -> Iterator[tuple[Path, str]]:
    """Yields the folder in which files are written, and where people find them in the end."""
    if is_address(to):
        with tempfile.TemporaryDirectory(prefix="pulso-publish-") as name, told_of_disk(Path(name), "TMPDIR", OLD):
            yield Path(name), f"{to.rstrip('/')}/{topic}"
        return
    base = Path(to).expanduser().absolute()
    with new_set(base, topic) as folder:
        yield folder, str(base / topic)


def _write(window: Window, folder: Path, on_table: OnTable, least: int) -> dict[str, int]:
    """Writes all files, and returns the number of rows of each table."""
    seen = Seen()

    def take(table: Any, rows: Iterator[Any]) -> None:
        on_table(table.name)
        write_parquet(folder / f"{table.name}.parquet", table, unnamed(window, table, rows, least))

    for job in jobs():
        seen += read_job(window, job, take)
    if not seen and not any(has_succeeded(window.session, window.keyspace, window.topic, job) for job in jobs()):
        what = f"nothing has been published of {window.topic.topic} by a job"
        raise PulsoError(what, "Run jobs first: SPARK_CONF_DIR=conf .venv/bin/spark-submit jobs/daily.py --help")
    facts = list(_facts(window.topic, seen, least))
    on_table("duckdb")
    try:
        write_database(folder / f"{window.topic.topic}.duckdb", folder, SUMMARIES, facts)
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException) as error:
        raise full_disk(folder, " ".join(str(error).split())[:160], "--to", OLD) from None
    _describe(folder, window.topic, facts)
    return {str(fact[0][1]): int(str(fact[1][1])) for fact in facts}


def _facts(topic: Topic, seen: Seen, least: int) -> Iterator[list[Fact]]:
    """Yields what is told of each table: the same in the DuckDB file and in DESCRIPTION."""
    made = datetime.now(UTC)
    for table in SUMMARIES:
        runs = [run_id for name, run_id in seen if name == table.name]
        newest = max(runs, key=place_of, default=None)
        yield [
            ("table_name", table.name, "name of the table"),
            ("rows", sum(rows for (name, _), rows in seen.items() if name == table.name), "rows of the table"),
            ("newest_run_id", str(newest or ""), "the newest run that has rows in it; empty without rows"),
            ("computed_at", place_of(newest) if newest else _NEVER, "start of that run, UTC; 1970 without rows"),
            ("topic", topic.topic, "topic id"),
            ("title", topic.title, "the topic's title"),
            ("timezone", topic.timezone, "the time zone of the days"),
            ("read_at", made, "when the tables had been read, UTC"),
            ("pulso", VERSION, "the project's version"),
            ("min_followers", least, "followers from which conversations and coordination tables name an account"),
            ("note", NOTE, "what must be said beside the figures"),
        ]


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def _describe(folder: Path, topic: Topic, facts: list[list[Fact]]) -> None:
    """Writes DESCRIPTION: what is published, and the hash of each file."""
    hashes = {}
    for file in sorted(folder.iterdir()):
        with file.open("rb") as opened:
            hashes[file.name] = {
                "bytes": file.stat().st_size,
                "sha256": hashlib.file_digest(opened, "sha256").hexdigest(),
            }
    tables = [{name: value for name, value, _ in row} for row in facts]
    found = {"topic": topic.topic, "pulso": VERSION, "note": NOTE, "tables": tables, "files": hashes}
    (folder / DESCRIPTION).write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def _fill(folder: Path, settings: Settings, topic: Topic, on_table: OnTable) -> str:
    address = settings.publish_postgres.get_secret_value() if settings.publish_postgres else ""
    if not address:
        return ""
    on_table("postgres")
    postgres.fill(folder, address, topic.topic, SUMMARIES)
    return postgres.schema_name(topic.topic)
