"""How Airflow runs: for this machine alone, once for a home, with no reports to its makers, and without old records."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError
from conf.processes import started
from deploy import airflow_records
from deploy.airflow import environment
from deploy.airflow_database import CONNECT_ARGS
from deploy.airflow_records import LARGEST, alone, clean_logs, note, try_to_clean
from deploy.children import start_part
from tests.support.commands import end

HOME = Path("/somewhere/airflow")
ADDRESS, ARGUMENTS = (f"AIRFLOW__DATABASE__SQL_ALCHEMY_{name}" for name in ("CONN", "CONNECT_ARGS"))


def test_airflow_is_reached_from_this_machine_alone_and_reports_to_nobody() -> None:
    made = environment(HOME, 8081, {})
    assert made["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8081"
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"
    assert made["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert made["AIRFLOW_HOME"] == str(HOME)
    assert made["AIRFLOW__CORE__DAGS_FOLDER"] == str(ROOT / "airflow_dags")
    assert json.loads(made["AIRFLOW_CONN_SPARK_DEFAULT"]) == {"conn_type": "spark", "host": "local[*]"}


def test_a_database_that_airflows_own_file_names_is_used(tmp_path: Path) -> None:
    own = {ADDRESS: f"sqlite:///{tmp_path}/airflow.db?timeout=60", ARGUMENTS: "deploy.airflow_database.CONNECT_ARGS"}
    other = "postgresql://u:100%@db.example.org/airflow"
    file = tmp_path / "airflow.cfg"

    def told(text: str, **given: str) -> dict[str, str]:
        file.write_text(text)
        made = environment(tmp_path, 8081, given)
        return {name: value for name, value in made.items() if "SQL_ALCHEMY" in name}

    same = f"[database]\nsql_alchemy_conn = sqlite:///{tmp_path}/airflow.db\n"
    for text in ("", same, "[core]\n[core]\nx = 1%s\n", "rubbish"):
        assert told(text) == own
    for section, how in product(("database", "core"), ("", "_cmd", "_secret")):
        assert told(f"[{section}]\nsql_alchemy_conn{how} = {other}\n") == {}
        by_variable = {f"AIRFLOW__{section}__SQL_ALCHEMY_CONN{how}".upper(): other}
        assert told("", **by_variable) == by_variable
    assert told("[database]\nsql_alchemy_connect_args = my.args\n") == {ADDRESS: own[ADDRESS]}
    assert told("", **{ARGUMENTS: "my.args"}) == own | {ARGUMENTS: "my.args"}
    (tmp_path / "other.cfg").write_text(f"[database]\nsql_alchemy_conn = {other}\n")
    assert told("", AIRFLOW_CONFIG=str(tmp_path / "other.cfg")) == {}


def test_a_savepoint_that_begins_a_transaction_waits_for_others_and_is_not_refused(tmp_path: Path) -> None:
    def connected(**options: Any) -> "closing[sqlite3.Connection]":
        return closing(sqlite3.connect(tmp_path / "airflow.db", **options))

    add = "INSERT INTO alembic_version VALUES ('1')"
    with connected(**CONNECT_ARGS) as first, connected(timeout=0) as other:
        one = first.cursor()  # as SQLAlchemy works
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE alembic_version (version_num)")
        for _ in range(2):
            one.execute("SAVEPOINT sa_savepoint_1")
            one.execute("SELECT * FROM alembic_version").fetchall()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute(add)
            other.rollback()
            one.execute("SAVEPOINT sa_savepoint_2")
            one.execute(add)
            one.execute("RELEASE SAVEPOINT sa_savepoint_2")
            one.execute("RELEASE SAVEPOINT sa_savepoint_1")
            assert not first.in_transaction
            other.execute(add)
            other.commit()
        assert one.execute("SELECT count(*) FROM alembic_version").fetchone() == (4,)


def test_what_is_set_goes_first_and_the_project_is_found() -> None:
    given = {"AIRFLOW_HOME": "/mine", "PYTHONPATH": "/also", "OTHER": "1"}
    made = environment(HOME, 8081, given)
    assert (made["AIRFLOW_HOME"], made["OTHER"]) == ("/mine", "1")
    assert made["PYTHONPATH"] == f"{ROOT}:/also"
    assert made["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "sqlite:////mine/airflow.db?timeout=60"
    other = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://db.example.org/airflow"}
    assert environment(HOME, 8081, other).items() >= other.items()
    assert environment(HOME, 8081, {})["PYTHONPATH"] == str(ROOT)


def test_two_of_one_home_do_not_run_at_once_also_while_only_a_part_is_left(tmp_path: Path) -> None:
    part = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        with alone(tmp_path) as running:
            for pid in (os.getpid(), part.pid):
                note(pid, running)
            left = (tmp_path / "running").read_text()  # as a command leaves it that was killed
            own = rf"runs already.*Ctrl-C there or by: kill {os.getpid()}$"
            with pytest.raises(PulsoError, match=own), alone(tmp_path):
                pass
        assert (tmp_path / "running").read_text() == "", "the numbers of ended processes come again"
        (tmp_path / "running").write_text(left)
        with (
            pytest.raises(PulsoError, match=rf"runs already.*is left of it, by: kill -- -{part.pid}$"),
            alone(tmp_path),
        ):
            pass
        command, noted = left.splitlines()
        _, boot, start = noted.split()
        for other in (
            f"{part.pid} {boot[::-1]} {start}",
            f"{part.pid} {boot} {start}0",
            f"{part.pid}",
            "of an odd file",
        ):
            (tmp_path / "running").write_text(f"{command}\n{part.pid} {other}\n")
            with alone(tmp_path) as running:  # after a restart, or as time goes by, others get these numbers
                assert running.read() == ""
        (tmp_path / "running").write_text(left)
    finally:
        end(part)
    with alone(tmp_path) as running:
        assert running.read() == ""


def test_a_part_begins_once_it_is_noted_and_never_otherwise(tmp_path: Path) -> None:
    log, began = tmp_path / "log", tmp_path / "began"
    noted, starts = list[int](), ["/bin/sh", "-c", 'echo $$ >"$0"; cat; echo said', str(began)]

    def kill_or_note(pid: int) -> None:
        if not noted:
            noted.append(pid)
            raise OSError("no space left")  # so it is, too, if the command is killed
        noted.append(pid)

    with pytest.raises(OSError, match="no space left"):
        start_part(starts, tmp_path, os.environ, log, kill_or_note)
    assert started(noted[0]) == ""
    assert not began.exists()
    part = start_part(starts, tmp_path, os.environ, log, kill_or_note)
    assert part.wait(30) == 0
    assert int(began.read_text()) == part.pid == noted[1]
    assert log.read_text() == "said\n"


def test_a_cleaning_that_hangs_or_fails_is_told_and_airflow_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(airflow_records, "LONGEST", 0.1)
    for name, does in (("hangs", "exec sleep 60"), ("fails", "echo 'database is locked' >&2; exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
        try_to_clean(str(tmp_path / name), tmp_path, os.environ, 90, Console(file=sys.stdout, width=300))
    hangs, fails = capsys.readouterr().out.splitlines()
    assert hangs.endswith(
        "warning: old records of Airflow stay: hangs db clean had not ended after 0 s, and was killed"
    )
    assert "warning: old records of Airflow stay: fails db clean failed: database is locked" in fails


def test_old_logs_go_and_a_large_one_begins_anew(tmp_path: Path) -> None:
    runs = [tmp_path / f"dag_id=pulso_daily_t/run_id={day}/task_id=day/attempt=1.log" for day in ("1", "2")]
    days = [tmp_path / "dag_processor" / day / "dags-folder/pulso_daily.py.log" for day in ("2026-01-01", "2026-04-01")]
    for file in (*runs, *days):
        file.parent.mkdir(parents=True)
        file.write_text("x")
    for old in (runs[0], days[0]):
        for one in (old, *old.parents[:-1]):
            if one != tmp_path and tmp_path in one.parents:
                os.utime(one, (1000, 1000))
    part = tmp_path / "scheduler.log"
    with part.open("ab", buffering=0) as writer:
        writer.write(b"y" * (LARGEST + 1))
        clean_logs(tmp_path, before=2000)
        writer.write(b"more")
    assert [file.exists() for file in (*runs, *days)] == [False, True, False, True]
    assert part.read_bytes() == b"more"
    assert (tmp_path / "scheduler.log.1").stat().st_size == LARGEST + 1
