"""Counts the hour that has just ended, and the hours before it again, since posts come late.

1. `coverage` waits until what was collected live in this hour is stored, and warns if a part was not collected.
2. `hour` runs the jobs of `hourly: jobs` in conf/schedule.yaml over the hour and those before it (`look_back_hours`).

Runs again as often as you like: a rerun replaces what the last one published. docs/schedule.md says more.
"""

from datetime import timedelta

from airflow.sdk import DAG

from airflow_dags.wiring.dags import dags_of_topics, make_dag
from airflow_dags.wiring.tasks import TO, earlier, gate_task, job_tasks
from airflow_dags.wiring.topics import TopicFile
from conf.schedule import Schedule


def hourly(topic: TopicFile, schedule: Schedule) -> DAG:
    """Returns the hourly DAG of a topic."""
    options = {"timeout": timedelta(minutes=schedule.hourly.timeout_minutes), "tags": ["hourly", topic.name]}
    with make_dag(f"pulso_hourly_{topic.name}", "0 * * * *", "UTC", schedule, __doc__ or "", **options) as dag:
        window = (earlier(schedule.hourly.look_back_hours), TO)
        tasks = job_tasks("hour", topic.name, schedule.hourly.jobs, schedule, window=window)
        gate_task(topic.name, schedule) >> tasks
    return dag


globals().update(dags_of_topics(hourly))
