"""Backs up a node's tables: a snapshot, copied into a folder with a manifest that comes last."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from conf import VERSION
from conf.errors import PulsoError
from deploy.backup.nodetool import run_nodetool
from deploy.node import Node
from readers.packs.folder import NewPack, new_pack
from stores.packs import PackedFile

FORM = 1
TAG = "pulso-backup"
"""The name of the snapshot. There is one at a time; one that a killed backup has left is removed by the next."""


class Backup(msgspec.Struct, kw_only=True, frozen=True):
    """The manifest. Each file is named TABLE/NAME."""

    form: int
    pulso: str
    keyspace: str
    made_at: str
    files: list[PackedFile]


def back_up(node: Node, keyspace: str, out: Path) -> Iterator[str]:
    """Copies the keyspace's tables as they are on this node now into a new folder; yields a line for each table.

    On the node's disk a snapshot takes no space but that of files that are compacted meanwhile. Raises PulsoError if
    the node does not run, if it does not have the keyspace, or if the disk of `out` is too small; then nothing is left.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    tables = node.data / keyspace
    if not tables.is_dir():
        raise PulsoError(f"this node has no keyspace {keyspace}", "Set PULSO_KEYSPACE, or run it on a node that has it")
    with new_pack(out, "backup") as pack, _snapshot(node, keyspace):
        found = sorted(tables.glob(f"*/snapshots/{TAG}"))
        _check_space(found, out)
        for folder in found:
            yield _copied(pack, folder)
        pack.finish(Backup(form=FORM, pulso=VERSION, keyspace=keyspace, made_at=at, files=pack.files()))


@contextmanager
def _snapshot(node: Node, keyspace: str) -> Iterator[None]:
    _clear(node, keyspace)
    run_nodetool(node.folder, ["snapshot", "-t", TAG, keyspace])
    try:
        yield
    finally:
        with suppress(PulsoError):  # the node has ended meanwhile; the next backup removes it
            _clear(node, keyspace)


def _clear(node: Node, keyspace: str) -> None:
    if any((node.data / keyspace).glob(f"*/snapshots/{TAG}")):
        run_nodetool(node.folder, ["clearsnapshot", "-t", TAG, "--", keyspace])


def _check_space(folders: list[Path], out: Path) -> None:
    wanted = sum(file.stat().st_size for folder in folders for file in folder.iterdir() if file.is_file())
    free = shutil.disk_usage(out).free
    if free < wanted:
        what = f"the backup needs {wanted / 2**20:,.0f} MiB, and the disk of {out} has {free / 2**20:,.0f} MiB free"
        raise PulsoError(what, "Give --out on another disk")


def _copied(pack: NewPack, snapshot: Path) -> str:
    """Copies a table's snapshot; returns a line about it."""
    table = snapshot.parents[1].name.rpartition("-")[0]
    size = 0
    for file in sorted(snapshot.iterdir()):
        if file.is_file():
            with pack.file(f"{table}/{file.name}") as copy, file.open("rb") as stored:
                shutil.copyfileobj(stored, copy)
                copy.flush()
                os.fsync(copy.fileno())
                size += copy.tell()
    return f"{table}: {size / 2**20:,.1f} MiB"
