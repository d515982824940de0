"""A backup of one node, restored into an empty one, gives the same tables. It can be stopped."""

import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conf import ROOT
from conf.tables import TABLES
from deploy.backup.restore import BEGUN
from stores.connect import cassandra_session
from stores.packs import MANIFEST
from tests.support.commands import Done, end, run_command, spark_submit, start_command
from tests.support.ground import Ground, generated, ground

POSTS = 4_000
WINDOW = ("--from", "2016-02-08T16:00Z", "--to", "2016-05-08T16:00Z")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Engines with posts, and with what a job has published of them."""
    folder = tmp_path_factory.mktemp("filled")
    with ground(folder) as made:
        topic = made.new_topic()
        made.replay(generated(POSTS, 2016, folder / "posts.jsonl"), topic)
        made.drain()
        ours = {**made.environment, "SPARK_CONF_DIR": str(ROOT / "conf")}
        done = spark_submit("candidate_poll", "--topic", topic, *WINDOW, timeout=400, **ours)
        assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Engines with empty tables."""
    with ground(tmp_path_factory.mktemp("empty")) as made:
        yield made


@pytest.fixture(scope="module")
def backup(filled: Ground, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the filled engines."""
    out = tmp_path_factory.mktemp("backups") / "monday"
    done = _deploy(filled, "backup", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"finished: {out}"
    return out


def _deploy(own: Ground, *words: str) -> Done:
    return run_command("deploy", *words, **own.environment)  # type: ignore[arg-type]


def _tables(own: Ground) -> dict[str, list[Any]]:
    """All rows of all tables, in an order of their own."""
    with cassandra_session(own.settings) as session:
        return {
            table.name: sorted(map(repr, session.execute(f"SELECT * FROM {own.settings.keyspace}.{table.name}")))
            for table in TABLES
        }


def test_a_backup_says_what_it_holds_and_leaves_no_snapshot(filled: Ground, backup: Path) -> None:
    assert (backup / MANIFEST).is_file()
    assert any(file.name.endswith("Data.db") for file in (backup / "posts").iterdir())
    assert list(filled.settings.home.glob("cassandra/data/*/*/snapshots/pulso-backup")) == []
    again = _deploy(filled, "backup", "--out", str(backup))
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "holds a backup already" in again.stderr


def test_a_damaged_backup_is_refused(backup: Path, empty: Ground, tmp_path: Path) -> None:
    copy = shutil.copytree(backup, tmp_path / "copy")
    [data] = [file for file in (copy / "posts").iterdir() if file.name.endswith("Data.db")][:1]
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    done = _deploy(empty, "restore", str(copy))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"posts/{data.name}: its content was changed" in done.stderr
    (copy / MANIFEST).unlink()
    assert "is no backup: it has no MANIFEST.json" in _deploy(empty, "restore", str(copy)).stderr


def test_a_restore_that_was_killed_goes_on_and_gives_the_same_tables(
    filled: Ground, backup: Path, empty: Ground
) -> None:
    killed = start_command("deploy", "restore", str(backup), **empty.environment)
    begun = empty.settings.home / "cassandra" / BEGUN
    until = time.monotonic() + 300
    while not begun.exists() or not any((empty.settings.home / "cassandra" / "restore").glob("*/*")):
        assert time.monotonic() < until
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    end(killed)
    done = _deploy(empty, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert not begun.exists()
    before, after = _tables(filled), _tables(empty)
    assert len(before["posts"]) == len(before["post_words"]) == POSTS
    assert before["candidate_poll"]
    assert after == before


def test_search_finds_the_restored_posts(filled: Ground, backup: Path, empty: Ground) -> None:
    with cassandra_session(filled.settings) as session:
        topic = session.execute(f"SELECT topic FROM {filled.settings.keyspace}.posts LIMIT 1").one().topic
    shutil.copy(filled.settings.topics_dir / f"{topic}.yaml", empty.settings.topics_dir)
    search = ("search", "--topic", topic, "duterte", "--format", "csv", "--limit", "50")
    found = empty.reader(*search)
    assert found.count("\n") > 10
    assert found == filled.reader(*search)


def test_a_node_with_rows_is_not_restored_into(backup: Path, filled: Ground) -> None:
    done = _deploy(filled, "restore", str(backup))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "has rows. Restore into an empty node" in done.stderr


def test_nodetool_has_the_node_s_login(filled: Ground) -> None:
    done = _deploy(filled, "nodetool", "status")
    assert done.returncode == 0, done.stderr
    assert "UN  127.0.0.1" in done.stdout
    assert "DEBUG" not in done.stdout
    wrong = _deploy(filled, "nodetool", "nosuch")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
