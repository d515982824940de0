"""Engines of a test's own, topics with posts, and a real Airflow that runs the DAGs over them."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import yaml
from cassandra.cluster import Session
from rich.console import Console

from conf import ROOT
from conf.schedule import load_schedule
from deploy import airflow
from tests.support.ground import Ground
from tests.support.ports import free_port
from tests.support.results import Rows, results_of

PATIENCE = 600.0
"""Seconds for a run, on a machine that does other things, too."""
PUBLISHES = (ROOT / "readers" / "published").is_dir()
"""Whether there is a command that writes published files."""
RACES = "races:\n  - {id: r, candidates: [{id: a, name: A, aliases: [duterte]}, {id: b, name: B, aliases: [roxas]}]}\n"
SCHEDULE: dict[str, Any] = {
    "retry_minutes": 0.05,
    "daily": {"publish": PUBLISHES},
    "coverage": {"wait_minutes": 2},
}


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Waits until the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.2)


@dataclass
class Stage:
    """Airflow with a home of its own, on the engines of `ground`."""

    ground: Ground
    session: Session
    home: Path
    port: int
    last: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The last run of each topic, if it succeeded: its DAG and its end."""

    @property
    def keyspace(self) -> str:
        return self.ground.settings.keyspace

    @property
    def submits(self) -> dict[str, Any]:
        """The environment in which spark-submit runs a job on these engines."""
        return {**self.ground.environment, "SPARK_CONF_DIR": str(ROOT / "conf")}

    @property
    def environment(self) -> dict[str, str]:
        """The environment of Airflow's commands."""
        given = {**os.environ, **self.ground.environment, "PULSO_SCHEDULE": str(self.home / "schedule.yaml")}
        given |= {
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        }
        return airflow.environment(self.home, self.port, given)

    def schedule(self, **settings: Any) -> None:
        """Writes the schedules' settings."""
        self.home.mkdir(parents=True, exist_ok=True)
        daily = {**SCHEDULE["daily"], "exports": str(self.home / "exports"), **settings.pop("daily", {})}
        text = yaml.safe_dump({**SCHEDULE, **settings, "daily": daily}, allow_unicode=True)
        (self.home / "schedule.yaml").write_text(text)

    def topic(self, zone: str = "Asia/Manila", more: str = RACES) -> str:
        """Returns the name of a topic that nothing else uses; it has two candidates."""
        name = self.ground.new_topic()
        (self.ground.settings.topics_dir / f"{name}.yaml").write_text(
            f"topic: {name}\ntimezone: {zone}\nbuckets: 2\ncollect: {{keywords: [duterte, roxas]}}\n{more}"
        )
        return name

    def stored(self, capture: Path, topic: str) -> None:
        """Stores a capture."""
        self.ground.replay(capture, topic)
        self.ground.drain()

    def prepare(self) -> None:
        """Makes Airflow's database and the pool."""
        schedule = load_schedule(self.home / "schedule.yaml")
        airflow.prepare(self.home, self.environment, schedule, Console(quiet=True))

    def start_test(self, dag: str, end: str) -> "subprocess.Popen[str]":
        """Starts `airflow dags test` of the run whose time ends then."""
        self.last.pop(_topic_of(dag), None)
        words = [str(airflow.ENVIRONMENT / "bin" / "airflow"), "dags", "test", dag, end]
        log = (self.home / f"{dag}.log").open("w")
        with log:
            return subprocess.Popen(words, env=self.environment, cwd=self.home, stdout=log, stderr=log, text=True)

    def said(self, dag: str) -> str:
        """Returns what the last `dags test` of a DAG has said."""
        return (self.home / f"{dag}.log").read_text()

    def test(self, dag: str, end: str) -> None:
        """Runs `airflow dags test` to its end; fails unless it succeeds."""
        process = self.start_test(dag, end)
        assert process.wait(PATIENCE) == 0, self.said(dag)[-6000:]
        self.last[_topic_of(dag)] = (dag, end)

    def after(self, dag: str, end: str) -> None:
        """Does what `test` does, unless that run was the last one of its topic."""
        if self.last.get(_topic_of(dag)) != (dag, end):
            self.test(dag, end)

    def results(self, topic: str) -> dict[str, Rows]:
        """Returns what is published of a topic."""
        return results_of(self.session, self.keyspace, topic)

    def runs(self, topic: str, job: str) -> list[Any]:
        """Returns the rows of `job_runs` of a job over a topic, newest first."""
        return list(
            self.session.execute(
                f"SELECT * FROM {self.keyspace}.job_runs WHERE job = %s AND topic = %s", [job, topic], timeout=60
            )
        )

    def succeeded(self, topic: str, job: str) -> dict[datetime, list[Any]]:
        """Returns the ids of the runs of a job that succeeded, by the start of their window."""
        found: dict[datetime, list[Any]] = {}
        for run in self.runs(topic, job):
            if run.status == "succeeded":
                found.setdefault(run.window_start, []).append(run.run_id)
        return found

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Runs what `make airflow` runs, and waits until it has started; stops it at the end, as Ctrl-C does."""
        log_file, begun = self.home / "airflow.log", self._starts()
        with log_file.open("ab") as log:
            process = subprocess.Popen(
                self.starts_at(self.port), env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )
        try:
            wait_for(lambda: self._starts() > begun or process.poll() is not None, "the start")
            assert process.poll() is None, log_file.read_text()
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(PATIENCE)
            for left in self.processes():  # what a kill has left
                with suppress(psutil.NoSuchProcess):
                    left.kill()

    def starts_at(self, port: int) -> list[str]:
        """Returns what `make airflow` runs, with a port of its own."""
        return [str(ROOT / ".venv" / "bin" / "python"), "-m", "deploy", "airflow", "--port", str(port)]

    def _starts(self) -> int:
        log = self.home / "airflow.log"
        return log.read_text().count("Ctrl-C stops it") if log.exists() else 0

    def unpause(self, dag: str) -> None:
        """Switches a DAG on, once Airflow knows it."""
        wait_for(lambda: dag in self.cli("dags", "list"), "the DAG")
        self.cli("dags", "unpause", dag)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kills Airflow, with its parts and tasks, as `kill -9` does; what the tasks started is left alone."""
        parts = [process.pid, *(one.pid for one in self.processes())]
        for pid in parts:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait(30)
        for part in (self.home / "running").read_text().splitlines()[1:]:  # some have renamed themselves, and so hide
            with suppress(ProcessLookupError):
                os.killpg(int(part.split()[0]), signal.SIGKILL)

    def processes(self) -> list[psutil.Process]:
        """Returns the processes of this Airflow: those whose environment has its home, without Spark's."""
        found = []
        for one in psutil.process_iter():
            try:
                if one.environ().get("AIRFLOW_HOME") == str(self.home) and "airflow" in " ".join(one.cmdline()[:2]):
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def spark(self) -> list[psutil.Process]:
        """Returns the Java processes that tasks of this Airflow have started."""
        found = []
        for one in psutil.process_iter():
            try:
                if one.name() == "java" and one.environ().get("AIRFLOW_HOME") == str(self.home):
                    found.append(one)
            except psutil.Error:
                continue
        return found

    def cli(self, *words: str) -> str:
        """Runs a command of Airflow's; returns its stdout."""
        return airflow.command(*words, variables=self.environment)

    def listed(self, *words: str) -> list[dict[str, Any]]:
        """Runs a command of Airflow's that lists something; returns the rows. Its warnings are on stdout, too."""
        out = self.cli(*words, "--output", "json")
        rows: list[dict[str, Any]] = json.loads(next((line for line in out.splitlines() if line.startswith("[")), "[]"))
        return rows


def _topic_of(dag: str) -> str:
    return dag.split("_", 2)[2]


def made_in(folder: Path, ground: Ground, session: Session) -> Stage:
    """Returns a stage whose Airflow has a home in a folder, on a free port."""
    return Stage(ground, session, folder / "airflow", free_port())
