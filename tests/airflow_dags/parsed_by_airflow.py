"""Run by Airflow's own Python: parses the DAG files, renders every task for one run, and writes all as JSON to a file.

The arguments are the file, and a JSON object that maps the beginning of a DAG's id to the run's data interval: two ISO
times.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import macros
from airflow.timetables.interval import CronDataIntervalTimetable

DAGS = Path(__file__).parents[2] / "airflow_dags"
TRANSITIONS = {"Africa/Cairo": "2024-04-24", "America/Santiago": "2023-09-01", "Europe/London": "2026-10-23"}
"""Time zones, and a day some days before they change their clocks; in the first two there is no midnight then."""


def main() -> None:
    """Writes what is told of the DAGs."""
    before = set(sys.modules)
    bag = DagBag(dag_folder=str(DAGS))
    imported = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
    intervals = json.loads(sys.argv[2])
    told = {
        "errors": {Path(file).name: error.strip().splitlines()[-1] for file, error in bag.import_errors.items()},
        "dags": {dag_id: _dag(dag) for dag_id, dag in sorted(bag.dags.items())},
        "commands": {
            f"{dag_id}.{task.task_id}": _command(dag, task, *_interval(intervals, dag_id))
            for dag_id, dag in sorted(bag.dags.items())
            for task in dag.tasks
        },
        "imported": imported,
        "days": {zone: _days(zone, day) for zone, day in TRANSITIONS.items()},
    }
    Path(sys.argv[1]).write_text(json.dumps(told))


def _interval(intervals: dict[str, list[str]], dag_id: str) -> list[str]:
    return next(given for begin, given in intervals.items() if dag_id.startswith(begin))


def _dag(dag: Any) -> dict[str, Any]:
    return {
        "timetable": type(dag.timetable).__name__,
        "zone": str(getattr(dag.timetable, "timezone", "")),
        "catchup": dag.catchup,
        "start": dag.start_date.isoformat(),
        "max_active_runs": dag.max_active_runs,
        "has_doc": bool(dag.doc_md),
        "has_deadline": bool(dag.deadline),
        "tasks": {task.task_id: _task(task) for task in dag.tasks},
    }


def _task(task: Any) -> dict[str, Any]:
    return {
        "upstream": sorted(task.upstream_task_ids),
        "rule": str(task.trigger_rule),
        "pool": task.pool,
        "retries": task.retries,
        "timeout": task.execution_timeout.total_seconds(),
        "told_of": bool(task.on_failure_callback),
        "outlets": sorted(outlet.uri for outlet in task.outlets),
    }


def _command(dag: Any, task: Any, start: str, end: str) -> dict[str, Any]:
    """The command that the task runs for one run, and the environment variables that it adds."""
    context = {
        "dag": dag,
        "task": task,
        "macros": macros,
        "data_interval_start": pendulum.parse(start),
        "data_interval_end": pendulum.parse(end),
    }
    task.render_template_fields(context)
    if isinstance(task, SparkSubmitOperator):
        return {
            "words": task._get_hook()._build_spark_submit_command(task.application),
            "environment": task.env_vars,
        }
    return {"words": getattr(task, "arguments", []), "environment": {}}


def _days(zone: str, since: str) -> list[list[str]]:
    """The data intervals of five runs of the daily timetable around a change of the clocks."""
    timetable = CronDataIntervalTimetable("0 0 * * *", timezone=zone)
    at = pendulum.instance(datetime.fromisoformat(since).replace(tzinfo=ZoneInfo(zone)))
    found = []
    for _ in range(5):
        end = timetable._get_next(at)
        found.append([each.astimezone(UTC).isoformat() for each in (at, end)])
        at = end
    return found


if __name__ == "__main__":
    main()
