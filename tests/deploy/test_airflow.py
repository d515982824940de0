"""The environment in which Airflow runs: this machine alone, no reports to its makers; what a user sets goes first."""

import json
from pathlib import Path

from conf import ROOT
from deploy.airflow import environment

HOME = Path("/somewhere/airflow")


def test_airflow_is_reached_from_this_machine_alone_and_reports_to_nobody() -> None:
    made = environment(HOME, 8081, {})
    assert made["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8081"
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"
    assert made["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert made["AIRFLOW_HOME"] == str(HOME)
    assert made["AIRFLOW__CORE__DAGS_FOLDER"] == str(ROOT / "airflow_dags")
    assert json.loads(made["AIRFLOW_CONN_SPARK_DEFAULT"]) == {"conn_type": "spark", "host": "local[*]"}


def test_what_is_set_goes_first_and_the_project_is_found() -> None:
    given = {"AIRFLOW_HOME": "/mine", "PYTHONPATH": "/also", "OTHER": "1"}
    made = environment(HOME, 8081, given)
    assert (made["AIRFLOW_HOME"], made["OTHER"]) == ("/mine", "1")
    assert made["PYTHONPATH"] == f"{ROOT}:/also"
    assert environment(HOME, 8081, {})["PYTHONPATH"] == str(ROOT)
