"""A real Superset: its charts give the figures of the tables, from the DuckDB file and through the views of `bi`."""

import re
import stat
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.settings import Settings
from conf.tables import CANDIDATE_POLL
from conf.topic import Topic
from deploy.superset import ENVIRONMENT, PASSWORD
from deploy.superset_api import Api
from readers.cli import main as readers
from readers.packs.summaries import Window, rows_of
from tests.at_length.bi.conftest import filled  # noqa: F401 - a fixture
from tests.at_length.bi.served import served
from tests.conftest import make_topic
from tests.support.commands import end, run_command, start_command
from tests.support.ports import free_port
from tests.support.summaries import store_poll

PATIENCE = 540.0
COLUMNS = ["race", "name", "share_authors", "posts", "authors"]
_PAGE = re.compile(r"Superset: (http://127\.0\.0\.1:\d+)/")


@dataclass
class Superset:
    """A Superset that runs, and its API."""

    address: str
    api: Api
    said: list[str]
    home: Path

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        """Returns what there is of a kind: chart, dataset, dashboard, database."""
        return list(self.api.get(f"{kind}/?q=(page_size:100)")["result"])

    def rows(self, dataset: dict[str, Any], columns: list[str]) -> list[list[Any]]:
        """Returns the rows that a chart of these columns of a dataset shows."""
        asked = {
            "datasource": {"id": dataset["id"], "type": "table"},
            "queries": [{"columns": columns, "orderby": [], "row_limit": 1000, "filters": []}],
            "result_format": "json",
            "result_type": "full",
            "force": True,
        }
        (found,) = self.api.post("chart/data", asked)["result"]
        return sorted([row[column] for column in columns] for row in found["data"])

    def of(self, kind: str, origin: str, name: str) -> dict[str, Any]:
        """Returns one dataset of one database."""
        (found,) = [one for one in self.all_of(kind) if one["table_name"] == f"{origin}: {name}"]
        assert found["database"]["database_name"] == origin
        return found


@pytest.fixture(scope="module")
def superset(filled: Topic, settings: Settings) -> Iterator[Superset]:  # noqa: F811
    """Superset as users start it, with a published topic, while `bi` runs."""
    if not (ENVIRONMENT / ".made").is_file():
        pytest.skip(f"no {ENVIRONMENT.name}: make setup-superset")
    assert readers(["publish", "--topic", filled.topic]) == 0
    with served() as bi:
        ports = ("--port", str(free_port()), "--bi-port", str(bi.port))
        process = start_command("deploy", "superset", *ports, PYTHONUNBUFFERED="1")
        said, ready = list[str](), threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line.decode())
                if _PAGE.search(said[-1]):
                    ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        try:
            assert ready.wait(PATIENCE)
            found = [match for line in said if (match := _PAGE.search(line))]
            assert found, "".join(said) + _errors(process)
            home = settings.home / "superset"
            address = found[0].group(1)
            yield Superset(address, Api(address, (home / PASSWORD).read_text()), said, home)
        finally:
            process.terminate()
            process.wait(60)
            end(process)


def _errors(process: "subprocess.Popen[bytes]") -> str:
    assert process.stderr is not None
    return process.stderr.read().decode()[-3000:] if process.poll() is not None else ""


@pytest.mark.parametrize("live", [False, True], ids=["DuckDB", "Thrift"])
def test_a_chart_gives_the_poll_of_the_table(
    superset: Superset,
    filled: Topic,  # noqa: F811
    session: Session,
    settings: Settings,
    live: bool,
) -> None:
    origin = "Pulso live" if live else f"Pulso {filled.topic}"
    found = superset.rows(superset.of("dataset", origin, "poll, newest window"), COLUMNS)
    rows = rows_of(Window(session, settings.keyspace, filled, None, None), CANDIDATE_POLL)
    stored = sorted([getattr(row, name) for name in COLUMNS] for row in rows if row.period == "window")
    assert found == stored
    assert len(found) > 5


def test_every_chart_of_the_dashboard_has_its_dataset_and_shows_without_error(
    superset: Superset,
    filled: Topic,  # noqa: F811
) -> None:
    boards = {board["dashboard_title"]: board for board in superset.all_of("dashboard")}
    for board in (boards[f"Pulso {filled.topic}"], boards["Pulso live"]):  # earlier runs may have left others
        charts = superset.api.get(f"dashboard/{board['id']}/charts")["result"]
        assert len(charts) == 6
        for chart in charts:
            columns = chart["form_data"].get("all_columns") or [chart["form_data"]["x_axis"]]
            number, _, kind = chart["form_data"]["datasource"].partition("__")
            superset.rows({"id": int(number), "type": kind}, columns)


def test_columns_say_what_they_hold(superset: Superset, filled: Topic) -> None:  # noqa: F811
    dataset = superset.of("dataset", f"Pulso {filled.topic}", "poll by period")
    told = superset.api.get(f"dataset/{dataset['id']}")["result"]["columns"]
    docs = {column["column_name"]: column["description"] for column in told}
    assert docs["share_authors"] == CANDIDATE_POLL.columns["share_authors"].doc
    assert "bucket" not in docs


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "COPY candidate_poll TO '/tmp/out.csv'",
        "DROP TABLE candidate_poll",
        "SET enable_external_access = true",
        "ATTACH '/tmp/other.duckdb'",
    ],
)
def test_the_file_is_read_only_and_leads_to_no_other(superset: Superset, filled: Topic, sql: str) -> None:  # noqa: F811
    (database,) = [one for one in superset.all_of("database") if one["database_name"] == f"Pulso {filled.topic}"]
    asked = {"database_id": database["id"], "sql": sql, "schema": "main", "client_id": "abcdefghij", "runAsync": False}
    with pytest.raises(PulsoError):
        superset.api.post("sqllab/execute/", asked)


def test_what_is_published_later_is_shown_without_a_restart(
    superset: Superset,
    filled: Topic,  # noqa: F811
    session: Session,
    settings: Settings,
) -> None:
    store_poll(session, settings, filled, posts=77)
    assert readers(["publish", "--topic", filled.topic]) == 0
    for origin in (f"Pulso {filled.topic}", "Pulso live"):
        rows = superset.rows(superset.of("dataset", origin, "poll, newest window"), ["posts"])
        assert {row[0] for row in rows} == {77}, origin


def test_secrets_are_kept_from_others_and_not_told(superset: Superset) -> None:
    for name in (PASSWORD, "secret_key", "superset.db"):
        assert stat.S_IMODE((superset.home / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(superset.home.stat().st_mode) == 0o700
    password = (superset.home / PASSWORD).read_text()
    told = "".join(superset.said) + (superset.home / "superset.log").read_text(errors="replace")
    assert password not in told
    assert (superset.home / "secret_key").read_text() not in told
    assert password in run_command("deploy", "credentials").stdout


def test_without_published_files_it_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    make_topic(settings)
    done = run_command("deploy", "superset", PULSO_PUBLISH_TO=str(tmp_path))
    assert done.returncode == 1
    assert "no topic is published" in done.stderr
    assert "readers publish --topic" in done.stderr
