"""Looks after the engines and applies what networks ask for, once a day.

1. `compliance` applies X's compliance files that lie in the folders `posts` and `users` of `compliance` in
   conf/schedule.yaml, and moves each to `done`.
2. `engines` shows the health of Cassandra and Redis, and says which repair is due.
3. `queue` shows the backlog, the gaps and the dead letters.

Posts that reach a topic's `retention_days` need no task: Cassandra removes them. Neither do rows that a killed run has
left: the job's next run removes them. docs/schedule.md says more.
"""

from datetime import timedelta

from airflow.sdk import DAG

from airflow_dags.wiring.compliance import ComplianceOperator
from airflow_dags.wiring.dags import make_dag
from airflow_dags.wiring.tasks import PYTHON, command_task
from airflow_dags.wiring.topics import asked
from conf.schedule import Schedule


def maintenance(schedule: Schedule) -> DAG:
    """Returns the DAG."""
    with make_dag("pulso_maintenance", "30 3 * * *", "UTC", schedule, __doc__ or "", timeout=timedelta(hours=2)) as dag:
        if schedule.compliance:
            arguments = [PYTHON, "-m", "ingest", "comply"]
            ComplianceOperator(task_id="compliance", arguments=arguments, folder=schedule.compliance)
        command_task("engines", "ingest", "cluster")
        command_task("queue", "ingest", "status")
    return dag


dag = maintenance(asked()[1])
