"""The factory of tasks: one spark-submit for a job or a set of jobs, or one command of ingest or readers.

The time of a run (`data_interval`) becomes `--from` and `--to`, in UTC. Templates hold names and times only: where a
command connects, and its passwords, it reads itself, from the environment and from `.env`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException

from airflow_dags.wiring.commands import CommandOperator, JobOperator
from airflow_dags.wiring.gate import CoverageGate
from conf import ROOT
from conf.schedule import Schedule

BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")
ENVIRONMENT = {
    "PYSPARK_PYTHON": PYTHON,
    "SPARK_HOME": str(ROOT / ".venv" / "lib" / "python3.11" / "site-packages" / "pyspark"),
    "SPARK_CONF_DIR": str(ROOT / "conf"),
    "SUBMIT_ENDS_WITH_ITS_PARENT": "1",  # conf/spark-env.sh: a killed worker leaves no Spark behind
}
FROM, TO = "{{ data_interval_start | utc }}", "{{ data_interval_end | utc }}"
NO_TIME = (
    "this run has no time, since it was started without a logical date. Give the present time, such as --logical-date "
    "2026-11-28T12:00:00Z: then the newest full hour or day is counted. For older ones: airflow backfill create"
)


def utc(at: Any, hours_before: int = 0) -> str:
    """Returns an instant, or so many hours before it, as commands take it, in UTC: a filter of the templates.

    Raises AirflowFailException for a run that has no data interval.
    """
    if not isinstance(at, datetime):
        raise AirflowFailException(NO_TIME)
    return (at.astimezone(UTC) - timedelta(hours=hours_before)).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(at: datetime, zone: str) -> str:
    """Returns the day of an instant in a time zone, such as 2016-05-08: a filter of the templates."""
    return at.astimezone(ZoneInfo(zone)).date().isoformat()


def earlier(hours: int) -> str:
    """Returns the template of the start of a run's time, so many hours earlier."""
    return f"{{{{ data_interval_start | utc({hours}) }}}}" if hours else FROM


def job_task(task_id: str, topic: str, jobs: Sequence[str], schedule: Schedule, **options: Any) -> JobOperator:
    """Returns the task that runs jobs in one Spark session; those that do not fit the topic are left out.

    `options` may have `window`, the templates of the window's start and end, and what JobOperator takes. Each job's
    table is an asset, such as pulso://candidate_poll/T, by which DAGs of your own can be run after it.
    """
    start, end = options.pop("window", (FROM, TO))
    return JobOperator(
        task_id=task_id,
        name=f"{task_id} {topic}",
        application=str(ROOT / "jobs" / "daily.py"),
        application_args=[
            *("--topic", topic, "--from", start, "--to", end),
            *("--jobs", ",".join(jobs), "--fitting"),
        ],
        spark_binary=str(BIN / "spark-submit"),
        env_vars=ENVIRONMENT,
        conf=dict(schedule.submit_conf),
        pool=schedule.pool,
        outlets=[Asset(f"pulso://{job}/{topic}") for job in jobs],
        **options,
    )


def job_tasks(name: str, topic: str, jobs: Sequence[str], schedule: Schedule, **options: Any) -> list[JobOperator]:
    """Returns one task for all jobs, or with `tasks: jobs` a task for each, in their order."""
    if schedule.tasks == "set":
        return [job_task(name, topic, jobs, schedule, **options)]
    return [job_task(job, topic, [job], schedule, **options) for job in jobs]


def command_task(task_id: str, module: str, *words: str, **options: Any) -> CommandOperator:
    """Returns the task that runs `python -m module words`."""
    return CommandOperator(task_id=task_id, arguments=[PYTHON, "-m", module, *words], **options)


def gate_task(topic: str, schedule: Schedule) -> CoverageGate:
    """Returns the task that waits for live collection, and warns of gaps."""
    words = ("coverage", "--topic", topic, "--from", FROM, "--to", TO, "--json")
    return CoverageGate(
        task_id="coverage",
        arguments=[PYTHON, "-m", "ingest", *words],
        wait_minutes=schedule.coverage.wait_minutes,
        least=schedule.coverage.least,
        execution_timeout=timedelta(minutes=10),
    )
