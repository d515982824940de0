"""`readers publish`: the files hold what the tables hold, whole, of published runs alone, whatever happens."""

import hashlib
import importlib.util
import json
import random
import resource
import signal
import time
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.tables import AUTHOR_ACTIVITY, CANDIDATE_POLL, GRAPH_EDGES, TABLES
from conf.topic import Topic
from readers.cli import main
from readers.packs.summaries import SUMMARIES
from readers.published.folder import new_set
from readers.published.tables import columns_of
from tests.conftest import make_topic
from tests.support.commands import end, run_command, start_command
from tests.support.packed import rows
from tests.support.stored_graph import store
from tests.support.summaries import run, store_authors, store_poll, store_some

TEXT = 'Grâce 東京 مرحبا Işık; O\'Neil "x"\n=1+1 \0 end'
SEED = 9


@pytest.fixture(scope="module")
def filled(settings: Settings, session: Session) -> Topic:
    """A topic with a poll, a graph, authors, and a text that is hard to write."""
    return store_some(session, settings, make_topic(settings), TEXT)


def publish(topic: Topic, to: Path | str) -> int:
    return main(["publish", "--topic", topic.topic, "--to", str(to)])


def check_whole(folder: Path, topic: Topic) -> dict[str, Any]:
    """Checks that all files are of one set; returns what `publication.json` tells."""
    told: dict[str, Any] = json.loads((folder / "publication.json").read_bytes())
    assert {file.name for file in folder.iterdir()} == {*told["files"], "publication.json"}
    for name, file in told["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == file["sha256"], name
    with duckdb.connect(str(folder / f"{topic.topic}.duckdb"), read_only=True) as database:
        counts = dict(database.execute("SELECT table_name, rows FROM publication").fetchall())
        for table in SUMMARIES:
            assert database.execute(f"SELECT count(*) FROM {table.name}").fetchall() == [(counts[table.name],)]
            assert pq.read_metadata(folder / f"{table.name}.parquet").num_rows == counts[table.name]
    return told


def test_pandas_polars_and_duckdb_read_the_figures_of_the_tables(
    filled: Topic, session: Session, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(filled, tmp_path) == 0
    assert capsys.readouterr().err.startswith("7 tables with ")
    folder = tmp_path / filled.topic
    check_whole(folder, filled)
    database = duckdb.connect(str(folder / f"{filled.topic}.duckdb"), read_only=True)
    for table in SUMMARIES:
        file = folder / f"{table.name}.parquet"
        stored = rows(session, settings.keyspace, table.name, filled.topic)
        by_pandas, by_polars = pd.read_parquet(file), pl.read_parquet(file)
        by_duckdb: Any = database.sql(f"SELECT * FROM {table.name}").to_arrow_table()
        assert list(by_pandas.columns) == by_polars.columns == by_duckdb.column_names == list(columns_of(table))
        assert len(by_pandas) == by_polars.height == by_duckdb.num_rows == len(stored), table.name
        for name, column in columns_of(table).items():
            if column.cql in ("bigint", "int", "double"):
                total = pytest.approx(sum(row[name] or 0 for row in stored))
                sums = (by_pandas[name].sum(), by_polars[name].sum(), pd.Series(by_duckdb[name].to_pylist()).sum())
                assert [float(each or 0) for each in sums] == [total] * 3, (table.name, name)
    texts = [pd.read_parquet(folder / "text_families.parquet"), pl.read_parquet(folder / "text_families.parquet")]
    assert [list(each["text"]) for each in texts] == [[TEXT], [TEXT]]
    assert database.execute("SELECT text, sources FROM text_families").fetchall() == [(TEXT, ["a", "b"])]
    at = database.execute("SELECT DISTINCT epoch_ms(period_start) FROM candidate_poll WHERE period = 'window'")
    assert at.fetchall() == [(1_462_060_800_000,)]
    database.close()


def test_every_column_has_its_comment_and_none_says_where_a_row_is_stored(filled: Topic, tmp_path: Path) -> None:
    publish(filled, tmp_path)
    folder = tmp_path / filled.topic
    with duckdb.connect(str(folder / f"{filled.topic}.duckdb"), read_only=True) as database:
        ours = "WHERE NOT internal"
        told = database.execute(f"SELECT table_name, column_name, comment FROM duckdb_columns() {ours}").fetchall()
        comments = {(table, column): comment for table, column, comment in told if table != "publication"}
        assert all(comment for _, _, comment in told)
        of_tables = database.execute(f"SELECT comment FROM duckdb_tables() {ours}").fetchall()
        assert all(comment for (comment,) in of_tables)
    declared = {(t.name, name): c.doc for t in TABLES if t.job for name, c in t.columns.items() if name != "bucket"}
    assert comments == declared
    schema = pq.read_schema(folder / "candidate_poll.parquet")
    doc = CANDIDATE_POLL.columns["share_authors"].doc
    assert schema.field("share_authors").metadata[b"description"].decode() == doc


def test_rows_of_a_run_that_is_not_published_are_left_out(settings: Settings, session: Session, tmp_path: Path) -> None:
    topic = make_topic(settings)
    store_poll(session, settings, topic)
    store_authors(session, settings, topic, ["hers", "his"], shown=False)
    publish(topic, tmp_path)
    file = tmp_path / topic.topic / f"{AUTHOR_ACTIVITY.name}.parquet"
    assert pl.read_parquet(file)["label"].to_list() == []
    store_authors(session, settings, topic, ["shown"], shown=True)
    publish(topic, tmp_path)
    assert pl.read_parquet(file)["label"].to_list() == ["shown"]


def test_a_graph_is_of_the_run_that_its_summary_names(settings: Settings, session: Session, tmp_path: Path) -> None:
    topic = make_topic(settings)
    run_id = run(session, settings, topic, "network_graph")
    store({("a", "b"): 2}, session, settings, topic, run_id=run_id)
    store_authors(session, settings, topic, ["ana"], shown=True)  # pointers of other tables say nothing of graphs
    publish(topic, tmp_path)
    edges = pl.read_parquet(tmp_path / topic.topic / f"{GRAPH_EDGES.name}.parquet")
    assert edges.select("src", "dst", "weight", "run_id").rows() == [("a", "b", 2, str(run_id))]


def test_nothing_published_is_one_line(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topic = make_topic(settings)
    assert publish(topic, tmp_path) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"nothing has been published of {topic.topic}" in told
    assert not (tmp_path / topic.topic).exists()
    assert main(["publish", "--topic", f"{topic.topic}x", "--to", str(tmp_path)]) == 2


def test_runs_over_a_time_without_posts_publish_empty_tables(
    settings: Settings, session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = make_topic(settings)
    run(session, settings, topic, "candidate_poll", status="failed")
    assert publish(topic, tmp_path) == 1
    run(session, settings, topic, "candidate_poll")
    assert publish(topic, tmp_path) == 0, capsys.readouterr().err
    for table in SUMMARIES:
        found = pl.read_parquet(tmp_path / topic.topic / f"{table.name}.parquet")
        assert (found.height, found.columns) == (0, list(columns_of(table)))
    with duckdb.connect(str(tmp_path / topic.topic / f"{topic.topic}.duckdb"), read_only=True) as opened:
        assert opened.execute("SELECT count(*) FROM candidate_poll").fetchone() == (0,)


def test_who_holds_the_old_file_open_keeps_it(settings: Settings, session: Session, tmp_path: Path) -> None:
    topic = make_topic(settings)
    store_poll(session, settings, topic, posts=3)
    publish(topic, tmp_path)
    file = tmp_path / topic.topic / f"{topic.topic}.duckdb"
    with duckdb.connect(str(file), read_only=True) as old:
        store_poll(session, settings, topic, posts=4)
        publish(topic, tmp_path)
        assert old.execute("SELECT DISTINCT posts FROM candidate_poll").fetchall() == [(3,)]
    with duckdb.connect(str(file), read_only=True) as new:
        assert new.execute("SELECT DISTINCT posts FROM candidate_poll").fetchall() == [(4,)]
    assert len([entry for entry in tmp_path.iterdir() if entry.is_dir() and not entry.is_symlink()]) == 1


class TestFaults:
    def test_a_publication_that_is_killed_leaves_the_old_files_whole(
        self, filled: Topic, session: Session, settings: Settings, tmp_path: Path
    ) -> None:
        publish(filled, tmp_path)
        folder, draw = tmp_path / filled.topic, random.Random(SEED)
        for _ in range(4):
            before = check_whole(folder, filled)["tables"][0]["read_at"]
            process = start_command("readers", "publish", "--topic", filled.topic, "--to", str(tmp_path))
            kept = folder.readlink()
            while not self.sets(tmp_path) - {kept.name}:  # until it writes
                assert process.poll() is None, process.communicate()
                time.sleep(0.005)
            time.sleep(draw.uniform(0, 0.8))
            process.send_signal(signal.SIGKILL)
            end(process)
            after = check_whole(folder, filled)["tables"][0]["read_at"]
            assert (folder.readlink() == kept) == (after == before)
        publish(filled, tmp_path)
        check_whole(folder, filled)
        assert self.sets(tmp_path) == {folder.readlink().name}, "what killed ones left is removed"

    def test_two_at_once_end_with_one_whole(self, filled: Topic, tmp_path: Path) -> None:
        both = [start_command("readers", "publish", "--topic", filled.topic, "--to", str(tmp_path)) for _ in range(2)]
        assert [process.communicate(timeout=120)[1].count(b"\n") for process in both] == [1, 1]
        assert [process.returncode for process in both] == [0, 0]
        check_whole(tmp_path / filled.topic, filled)
        assert len(self.sets(tmp_path)) == 1

    @pytest.mark.parametrize("most", [1_000, 300_000])
    def test_a_full_disk_is_one_line_and_the_old_files_stay(
        self, filled: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str], most: int
    ) -> None:
        publish(filled, tmp_path)
        before = check_whole(tmp_path / filled.topic, filled)
        capsys.readouterr()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
        try:
            code = publish(filled, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)
        told = capsys.readouterr().err
        assert (code, told.count("\n")) == (1, 1), told
        assert "is full" in told
        assert "What was published before is still there" in told
        assert check_whole(tmp_path / filled.topic, filled) == before
        assert len(self.sets(tmp_path)) == 1

    def test_another_ones_folder_is_left_alone(
        self, filled: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / filled.topic).mkdir()
        assert publish(filled, tmp_path) == 2
        assert "is not of Pulso's published files" in capsys.readouterr().err
        (tmp_path / "file").write_text("")
        assert publish(filled, tmp_path / "file") == 1
        assert "can't be written" in capsys.readouterr().err

    def test_it_waits_no_longer_than_its_patience(self, tmp_path: Path) -> None:
        with (
            new_set(tmp_path, "t"),
            pytest.raises(Exception, match="another process has been publishing t"),
            new_set(tmp_path, "t", patience=0.3),
        ):
            pass

    @staticmethod
    def sets(folder: Path) -> set[str]:
        return {entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink()}


class TestElsewhere:
    def test_an_address_gets_the_same_files(self, filled: Topic, tmp_path: Path) -> None:
        assert publish(filled, f"file://{tmp_path}/there") == 0
        check_whole(tmp_path / "there" / filled.topic, filled)

    def test_memory_gets_them_too(self, filled: Topic) -> None:
        import fsspec  # noqa: PLC0415 - optional for users

        assert publish(filled, "memory://tables") == 0
        files = fsspec.filesystem("memory")
        found = {Path(name).name for name in files.ls(f"/tables/{filled.topic}", detail=False)}
        assert found == {f"{table.name}.parquet" for table in SUMMARIES} | {
            f"{filled.topic}.duckdb",
            "publication.json",
        }

    @pytest.mark.parametrize(
        ("address", "told"),
        [
            ("nowhere://key:secret@host/x", "ValueError: Protocol not known: nowhere"),
            ("http://user:secret@127.0.0.1:9/x", "can't be written"),
        ],
    )
    def test_what_can_not_be_written_is_one_line_without_the_login(
        self, filled: Topic, capsys: pytest.CaptureFixture[str], address: str, told: str
    ) -> None:
        assert publish(filled, address) == 1
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert told in line
        assert "secret" not in line

    def test_a_missing_library_is_named(self, filled: Topic, capsys: pytest.CaptureFixture[str]) -> None:
        if importlib.util.find_spec("s3fs"):
            pytest.skip("s3fs is installed")
        assert publish(filled, "s3://bucket/tables") == 2
        assert "pip install -r requirements-remote.txt" in capsys.readouterr().err


def test_a_command_says_what_it_has_done(filled: Topic, tmp_path: Path) -> None:
    done = run_command("readers", "publish", "--topic", filled.topic, PULSO_PUBLISH_TO=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f" rows in {tmp_path / filled.topic}\n" in done.stderr
