"""What all DAGs are made with: their start, how often runs are tried again, and what tells of failures."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable

from airflow_dags.wiring.notify import FailureNotifier
from airflow_dags.wiring.tasks import day, utc
from airflow_dags.wiring.topics import TopicFile, asked, read_topics
from conf.schedule import Schedule

FIRST = datetime(2006, 1, 1, tzinfo=UTC)
"""No network is older. It only bounds backfills: Airflow runs no time before it."""


def make_dag(dag_id: str, cron: str, zone: str, schedule: Schedule, doc: str, **options: Any) -> DAG:
    """Returns a DAG whose runs have the time between two ticks of `cron`, in a time zone, as their data interval."""
    since = schedule.catch_up_from
    defaults = {
        "retries": schedule.retries,
        "retry_delay": timedelta(minutes=schedule.retry_minutes),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": options.pop("timeout"),
        "on_failure_callback": FailureNotifier(schedule.mail_to),
    }
    return DAG(
        dag_id,
        schedule=CronDataIntervalTimetable(cron, timezone=zone),
        start_date=since or FIRST,
        catchup=since is not None,
        max_active_runs=schedule.runs_at_once,
        default_args=defaults,
        user_defined_filters={"utc": utc, "day": day},
        tags=["pulso", *options.pop("tags", ())],
        doc_md=doc,
        **options,
    )


def dags_of_topics(build: Callable[[TopicFile, Schedule], DAG]) -> Iterator[tuple[str, DAG]]:
    """Yields a DAG of each topic, with its id. Airflow finds DAGs in the variables of a DAG file."""
    settings, schedule = asked()
    for topic in read_topics(settings.topics_dir).files:
        dag = build(topic, schedule)
        yield dag.dag_id, dag
