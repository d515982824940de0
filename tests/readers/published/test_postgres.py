"""PostgreSQL filled by `readers publish`: all tables in one transaction, and no password in any message."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.settings import Settings
from conf.topic import Topic
from readers.cli import main
from readers.packs.summaries import SUMMARIES
from readers.published.tables import columns_of
from tests.conftest import make_topic
from tests.support.packed import rows
from tests.support.ports import LOCAL, free_port
from tests.support.stored_graph import some_graph, store
from tests.support.summaries import run, store_authors, store_poll, store_text

psycopg = pytest.importorskip("psycopg")
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
USER, PASSWORD = "pulso", "s3cret/word"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of this module's own, on a free port of loopback."""
    found = shutil.which("initdb")
    folder = Path(found).parent if found else next(reversed(BINARIES), None)
    if folder is None:
        pytest.skip("no initdb on the PATH or under /usr/lib/postgresql: install Debian's postgresql")
    home = tmp_path_factory.mktemp("postgres")
    secret, data, port = home / "password", home / "data", free_port()
    secret.write_text(PASSWORD)
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        for path in (home, secret):
            shutil.chown(path, user)
        for parent in home.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
    options = {"stdout": subprocess.DEVNULL, "user": user, "cwd": home}
    words = ["-D", str(data), "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "-E", "UTF8"]
    subprocess.run([str(folder / "initdb"), *words], check=True, **options)  # type: ignore[call-overload]
    server = subprocess.Popen(
        [str(folder / "postgres"), "-D", str(data), "-p", str(port), "-h", LOCAL, "-k", str(home), "-F"],
        stderr=subprocess.DEVNULL,
        user=user,
        cwd=home,
    )
    where = f"postgresql://{USER}:s3cret%2Fword@{LOCAL}:{port}/postgres"
    try:
        _wait_for(where, server)
        yield where
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    while True:
        assert server.poll() is None, "postgres did not start"
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError:
            continue
        return


@pytest.fixture(scope="module")
def topic(settings: Settings, session: Session) -> Topic:
    topic = make_topic(settings)
    store_poll(session, settings, topic)
    run(session, settings, topic, "network_graph")
    store(some_graph(), session, settings, topic)
    store_authors(session, settings, topic, ["ana", "ben\u4eac"], shown=True)
    store_text(session, settings, topic, "a\tb\\n 東京 \0 end")
    return topic


def publish(topic: Topic, to: Path) -> int:
    return main(["publish", "--topic", topic.topic, "--to", str(to)])


def asked(address: str, query: str) -> list[Any]:
    with psycopg.connect(address) as connection:
        return list(connection.execute(query).fetchall())


def test_it_has_the_figures_of_the_tables_with_comments(
    address: str,
    topic: Topic,
    session: Session,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PULSO_PUBLISH_POSTGRES", address)
    assert publish(topic, tmp_path) == 0
    assert f"and in the schema pulso_{topic.topic} of PostgreSQL" in capsys.readouterr().err
    for table in SUMMARIES:
        name = f'"pulso_{topic.topic}"."{table.name}"'
        stored = rows(session, settings.keyspace, table.name, topic.topic)
        for column in [name for name, declared in columns_of(table).items() if declared.cql in ("bigint", "double")]:
            [(count, total)] = asked(address, f"SELECT count(*), sum({column})::float8 FROM {name}")
            assert (count, total or 0) == (len(stored), pytest.approx(sum(row[column] or 0 for row in stored)))
    [(text,)] = asked(address, f'SELECT text FROM "pulso_{topic.topic}".text_families')
    assert text == "a\tb\\n 東京 \ufffd end"
    comments = asked(
        address,
        f"SELECT count(*) FROM pg_description d JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n ON "
        f"n.oid = c.relnamespace WHERE n.nspname = 'pulso_{topic.topic}'",
    )
    assert comments == [(sum(len(columns_of(table)) + 1 for table in SUMMARIES),)]


def test_views_stay_readers_do_not_wait_and_see_all_at_once(
    address: str,
    session: Session,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = make_topic(settings)
    monkeypatch.setenv("PULSO_PUBLISH_POSTGRES", address)
    store_poll(session, settings, topic, posts=3)
    publish(topic, tmp_path)
    table = f'"pulso_{topic.topic}".candidate_poll'
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE VIEW v_{topic.topic} AS SELECT DISTINCT posts FROM {table}")
        connection.execute(f"ALTER TABLE {table} DROP COLUMN method")  # a table of an earlier release
    with psycopg.connect(address) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert reader.execute(f"SELECT * FROM v_{topic.topic}").fetchall() == [(3,)]
        reader.rollback()
    store_poll(session, settings, topic, posts=4)
    publish(topic, tmp_path)
    assert asked(address, f"SELECT * FROM v_{topic.topic}") == [(4,)]
    with psycopg.connect(address) as reader:
        # A reader in the middle of a transaction is neither disturbed nor in the way.
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert reader.execute(f"SELECT * FROM v_{topic.topic}").fetchall() == [(4,)]
        store_poll(session, settings, topic, posts=5)
        assert publish(topic, tmp_path) == 0
        assert reader.execute(f"SELECT * FROM v_{topic.topic}").fetchall() == [(4,)]
    assert asked(address, f"SELECT * FROM v_{topic.topic}") == [(5,)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda address: address.replace("s3cret", "wr0ng"), 1),
        (lambda address: address.replace("/postgres", "/nowhere"), 1),
        (lambda address: f"{LOCAL}:1 {PASSWORD}", 2),
        (lambda address: address.replace(LOCAL, f"{LOCAL}:notaport:s3cret"), 2),
    ],
)
def test_what_it_refuses_is_one_line_without_the_password(
    address: str,
    topic: Topic,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Any,
    code: int,
) -> None:
    monkeypatch.setenv("PULSO_PUBLISH_POSTGRES", change(address))
    assert publish(topic, tmp_path) == code
    told = capsys.readouterr().err
    assert told.count("\n") == 1, told
    assert "PULSO_PUBLISH_POSTGRES" in told
    assert not {word for word in ("s3cret", "wr0ng", "2Fword") if word in told}
    assert not (tmp_path / topic.topic).exists(), "files and PostgreSQL are published together"
