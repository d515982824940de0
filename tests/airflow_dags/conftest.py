"""What Airflow makes of the DAG files, for topics and settings of the schedules that a test gives."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conf import ROOT
from deploy.airflow import ENVIRONMENT, environment

HOUR = ("2016-05-08T03:00:00Z", "2016-05-08T04:00:00Z")
DAY = ("2016-05-07T16:00:00Z", "2016-05-08T16:00:00Z")
NOTHING_OF_OURS = {name: value for name, value in os.environ.items() if not name.startswith(("PULSO_", "AIRFLOW"))}
Told = dict[str, Any]


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
