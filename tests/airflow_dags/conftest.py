"""What Airflow makes of the DAG files, for topics and settings of the schedules that a test gives."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conf import ROOT
from deploy.airflow import ENVIRONMENT, environment

HOUR = ("2016-05-08T03:00:00Z", "2016-05-08T04:00:00Z")
DAY = ("2016-05-07T16:00:00Z", "2016-05-08T16:00:00Z")
NOTHING_OF_OURS = {name: value for name, value in os.environ.items() if not name.startswith(("PULSO_", "AIRFLOW"))}
Told = dict[str, Any]
TOPICS = {
    "ph2016.yaml": "topic: ph2016\ntimezone: Asia/Manila\n",
    "plain.yaml": "topic: plain\n",
    "b_c-1.yaml": "topic: b_c-1\ntimezone: 'America/New_York'\n",
}
ODD = {
    "Odd Name.yaml": "topic: odd\n",
    "no-yaml.yaml": "topic: [\n",
    "no-zone.yaml": "topic: no-zone\ntimezone: Mars/Olympus\n",
    "empty.yaml": "",
    "後.yaml": "topic: 後\n",
}
JOBS_MODE = (
    "tasks: jobs\nvotes: {ph2016: 2016-05-09}\ndeadline_minutes: 90\ndaily: {names: true}\ncatch_up_from: 2016-02-01\n"
    "mail_to: [desk@example.org]\n"
)
SECRET = "not-to-be-shown"
SECRETS = {
    "PULSO_CASSANDRA_PASSWORD": SECRET,
    "PULSO_REDIS_URL": f"redis://user:{SECRET}@127.0.0.1:1/0",
    "X_BEARER_TOKEN": SECRET,
}


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What is told with one task for all jobs; passwords are in the environment."""
    return parsed(tmp_path_factory.mktemp("default"), TOPICS, **SECRETS)


@pytest.fixture(scope="session")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """With a task for each job, and topic files that can't be one."""
    return parsed(tmp_path_factory.mktemp("jobs"), TOPICS | ODD, JOBS_MODE, **SECRETS)


def parsed(folder: Path, topics: Mapping[str, str], schedule: str = "", **variables: str) -> Told:
    """Returns what tests/airflow_dags/parsed_by_airflow.py tells. `topics` are the texts of topic files, by name.

    `variables` are set in the environment, too.
    """
    python = ENVIRONMENT / "bin" / "python"
    assert python.is_file(), "run make setup-airflow first"
    (folder / "topics").mkdir()
    for name, text in topics.items():
        (folder / "topics" / name).write_text(text)
    (folder / "schedule.yaml").write_text(schedule or (ROOT / "conf" / "schedule.yaml").read_text())
    ours = {"PULSO_TOPICS_DIR": str(folder / "topics"), "PULSO_SCHEDULE": str(folder / "schedule.yaml")}
    told = folder / "told.json"
    done = subprocess.run(
        [python, Path(__file__).with_name("parsed_by_airflow.py"), told, json.dumps({"pulso_hourly": HOUR, "": DAY})],
        env=environment(folder / "airflow", 8080, NOTHING_OF_OURS) | ours | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: Told = json.loads(told.read_text())
    return found
