"""Runs Airflow with the DAGs of airflow_dags/, for this machine alone: scheduler, DAG processor and web server.

Airflow has a virtual environment of its own, `.venv-airflow`, and keeps everything in `PULSO_HOME/airflow`. Its own
`airflow standalone` would open log servers for every machine that reaches this one, so the parts are started one by
one, without these.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dotenv import dotenv_values
from rich.console import Console

from conf import ROOT
from conf.errors import PulsoError, WrongUse
from conf.schedule import Schedule, load_schedule
from conf.settings import Settings
from conf.stopping import told_to_stop
from deploy.airflow_database import patient_database
from deploy.airflow_records import Daily, alone, clean, note, try_to_clean
from deploy.children import end_part, start_part
from deploy.console import say
from deploy.ports import Port, check_ports
from deploy.process import run_to_end, said

LOCAL, PORT = "127.0.0.1", 8080
ENVIRONMENT = ROOT / ".venv-airflow"
PROGRAM = str(ENVIRONMENT / "bin" / "airflow")
DAGS = ROOT / "airflow_dags"
GRACE = 60.0
"""Seconds in which a part must end before it is killed. The scheduler first ends its tasks."""
POLL = 0.2
PASSWORDS = "simple_auth_manager_passwords.json.generated"


def run(settings: Settings, port: int, console: Console) -> None:
    """Runs Airflow until SIGTERM or Ctrl-C. Raises PulsoError if one of its parts ends by itself."""
    _check_installed()
    schedule = load_schedule(settings.schedule)
    variables = environment(settings.home / "airflow", port)
    home = Path(variables["AIRFLOW_HOME"])
    with alone(home) as running:
        check_ports((Port("Airflow's page", LOCAL, port, "give another: python -m deploy airflow --port 8081"),))
        prepare(home, variables, schedule, console)
        with told_to_stop() as stopped, _parts(home, variables, port, running) as parts:
            say(console, f"Airflow: http://{LOCAL}:{port}, user admin, password in {home / PASSWORDS}. Ctrl-C stops it")
            say(console, "new DAGs are paused: switch on those that you want, on the page or by `airflow dags unpause`")
            cleaning = Daily()
            while not stopped.wait(POLL):
                _check_run(parts, home)
                if schedule.keep_days is not None and cleaning.due():
                    try_to_clean(PROGRAM, home, variables, schedule.keep_days, console)
    say(console, "Airflow stopped")


def _check_run(parts: "Mapping[str, subprocess.Popen[bytes]]", home: Path) -> None:
    for name, part in parts.items():
        if part.poll() is not None:
            log = _log(home, name)
            raise PulsoError(f"{name} ended with code {part.returncode}: {said(log)[-200:]}", f"See {log}")


def become_airflow(settings: Settings, port: int, words: Sequence[str]) -> None:
    """Becomes Airflow's own command, in the environment of `run`. Raises PulsoError if it is not installed."""
    _check_installed()
    os.chdir(ROOT)
    os.execve(PROGRAM, [PROGRAM, *words], environment(settings.home / "airflow", port))  # noqa: S606 - no shell is needed


def clean_records(settings: Settings, keep_days: int | None) -> int:
    """Removes Airflow's records of runs that ended so many days ago, else as conf/schedule.yaml says; returns the days.

    Raises PulsoError if Airflow is not installed, or that fails; WrongUse if both say nothing.
    """
    _check_installed()
    days = keep_days or load_schedule(settings.schedule).keep_days
    if days is None:
        raise WrongUse(f"keep_days in {settings.schedule} is empty: all is kept", "Give --keep-days 90")
    variables = environment(settings.home / "airflow", PORT)
    clean(PROGRAM, Path(variables["AIRFLOW_HOME"]), variables, days)
    return days


def _check_installed() -> None:
    if not Path(PROGRAM).is_file():
        raise PulsoError("Airflow is not installed", "Run make setup-airflow, which installs it into .venv-airflow")


def environment(home: Path, port: int, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment of Airflow's commands. What is set, or is in `.env` as AIRFLOW…, goes first.

    `given` is the environment that they would have; by default, this process's.
    """
    address = f"http://{LOCAL}:{port}"
    kept = {name: value for name, value in dotenv_values(ROOT / ".env").items() if name.startswith("AIRFLOW") and value}
    ours = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",  # a new topic has its DAGs after so many seconds
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[*]"}),
    }
    before = dict(os.environ if given is None else given)
    ours |= patient_database({**ours, **kept, **before})
    path = os.pathsep.join(part for part in (str(ROOT), before.get("PYTHONPATH")) if part)
    return {**ours, **kept, **before, "PYTHONPATH": path}


def prepare(home: Path, variables: dict[str, str], schedule: Schedule, console: Console) -> None:
    """Makes or updates Airflow's database, and the pool of the Spark tasks. Raises PulsoError if that fails."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)  # it has the password of the page, and Airflow's keys
    say(console, "Airflow: preparing its database")
    command("db", "migrate", variables=variables)
    command("pools", "set", schedule.pool, str(schedule.pool_slots), "Spark tasks of Pulso", variables=variables)


def command(*words: str, variables: dict[str, str]) -> str:
    """Runs a command of Airflow's to its end; returns its stdout. Raises PulsoError if it fails."""
    return run_to_end([PROGRAM, *words], ROOT, variables)


@contextmanager
def _parts(
    home: Path, variables: dict[str, str], port: int, running: IO[str]
) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Starts the parts; ends them when the block ends. They are noted in `running`."""
    commands = {
        "api-server": ["api-server", "--host", LOCAL, "--port", str(port)],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
    }
    parts = dict[str, subprocess.Popen[bytes]]()
    note(os.getpid(), running)
    try:
        for name, words in commands.items():
            log = _log(home, name)
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(b"")
            parts[name] = start_part([PROGRAM, *words], ROOT, variables, log, lambda pid: note(pid, running))
        yield parts
    finally:
        for name in ("scheduler", "dag-processor", "api-server"):  # tasks tell the web server how they end
            if name in parts:
                end_part(parts[name], GRACE)


def _log(home: Path, part: str) -> Path:
    return home / "logs" / f"{part}.log"
