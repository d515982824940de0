"""Restores a backup into a node whose tables are empty. It can be stopped at any time, and be run again."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cassandra.cluster import Session

from conf.errors import PulsoError, WrongUse
from conf.tables import TABLES
from deploy.backup.backup import FORM, Backup
from deploy.backup.nodetool import run_nodetool
from deploy.node import Node
from readers.packs.verify import check_files
from stores.packs import MANIFEST, UNFINISHED, is_inside, open_inside

BESIDE = ("manifest.json", "schema.cql")
"""Files of a snapshot that are not rows."""
BEGUN = "restored-from"
"""The file in the node's folder that names the backup while it is restored."""


def read_backup(folder: Path) -> Backup:
    """Returns the manifest of a backup, after a comparison of each file with its hash.

    Raises WrongUse if the folder is no backup, PulsoError if it is not finished or was changed.
    """
    file = folder / MANIFEST
    if not file.is_file():
        if (folder / UNFINISHED).exists():
            raise PulsoError(f"the backup {folder} is not finished", "Remove it, and make another")
        raise WrongUse(f"{folder} is no backup: it has no {MANIFEST}", "Give a folder that `backup --out` made")
    try:
        backup = msgspec.json.decode(file.read_bytes(), type=Backup)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WrongUse(f"{file} is not the manifest of a backup ({str(error)[:120]})") from None
    if backup.form != FORM:
        raise PulsoError(f"{file} has the form {backup.form}, not {FORM}", "Use the release that made it")
    if bad := [one.path for one in backup.files if not is_inside(one.path) or one.path.count("/") != 1]:
        raise PulsoError(f"{file} names a file that is not in the backup: {bad[0][:80]!r}", "Do not use this backup")
    if changed := check_files(folder, backup.files).changed:
        raise PulsoError(f"{folder} is damaged: {changed[0]}", "Use another backup")
    return backup


def restore(node: Node, session: Session, keyspace: str, folder: Path) -> Iterator[str]:
    """Puts the rows of a backup into the node's empty tables; yields a line for each table.

    The tables must be there (`ingest migrate`). Raises as `read_backup` does, and PulsoError if a table is missing or
    has rows.
    """
    backup = read_backup(folder)
    tables = sorted({one.path.partition("/")[0] for one in backup.files if not one.path.endswith(BESIDE)})
    _check_tables(node, session, keyspace, tables, folder)
    begun = node.folder / BEGUN
    begun.write_text(f"{folder.resolve()}\n")
    for table in tables:
        yield _restored(node, keyspace, table, folder, backup)
    begun.unlink()


def _check_tables(node: Node, session: Session, keyspace: str, tables: list[str], folder: Path) -> None:
    known = session.cluster.metadata.keyspaces
    there = known[keyspace].tables if keyspace in known else {}
    if missing := [table for table in tables if table not in there]:
        what = f"keyspace {keyspace} has no table {missing[0]}"
        raise PulsoError(
            what, "First run `python -m ingest migrate`, of the release that made the backup or a later one"
        )
    begun = node.folder / BEGUN
    if begun.is_file() and begun.read_text().strip() == str(folder.resolve()):
        return  # this restore was stopped: the same files once more make the same rows
    for table in (one.name for one in TABLES if one.name in there):
        if session.execute(f"SELECT * FROM {keyspace}.{table} LIMIT 1").one():
            fix = "Restore into an empty node, or set another PULSO_KEYSPACE and run migrate"
            raise PulsoError(f"table {keyspace}.{table} has rows", fix)


def _restored(node: Node, keyspace: str, table: str, folder: Path, backup: Backup) -> str:
    """Lets the node take in a table's files. It moves them, so it gets copies, on its own disk."""
    staged = node.folder / "restore" / keyspace / table
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    size = 0
    for one in backup.files:
        name = Path(one.path).name
        if one.path == f"{table}/{name}" and name not in BESIDE:
            with os.fdopen(open_inside(folder, one.path), "rb") as stored, (staged / name).open("wb") as copy:
                shutil.copyfileobj(stored, copy)
            size += one.bytes
    run_nodetool(node.folder, ["import", keyspace, table, str(staged)])
    shutil.rmtree(staged)
    return f"{table}: {size / 2**20:,.1f} MiB"
