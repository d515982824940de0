"""Counts the day that has just ended, in the topic's own time zone, and publishes it.

1. `coverage` waits until what was collected live on this day is stored, and warns if a part was not collected.
2. `names` asks Bluesky for handles, if conf/schedule.yaml says so. The jobs run also if it fails.
3. `day` runs all jobs in one Spark session; with `tasks: jobs`, each job is a task: first author_activity, then
   coordination, then the poll, then the others.
4. `backtest` compares the polls with the official outcome. It runs on the day before the vote alone (`votes`).
5. `quality` says which checks failed. If one of severity error did, what follows is not run.
6. `publish` writes the published files, `export` the day's graphs.

Runs again as often as you like: a rerun replaces what the last one published. docs/schedule.md says more.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator, DeadlineAlert, DeadlineReference, SyncCallback, TriggerRule

from airflow_dags.wiring.commands import JobOperator
from airflow_dags.wiring.dags import dags_of_topics, make_dag
from airflow_dags.wiring.notify import tell_late
from airflow_dags.wiring.tasks import FROM, TO, command_task, gate_task, job_task, job_tasks, utc
from airflow_dags.wiring.topics import TopicFile
from conf.schedule import Schedule

FIRST_JOBS = ("author_activity", "coordination", "candidate_poll")
"""With a task for each job, these run one after the other, and the others after them."""
LONGEST_SPAN = timedelta(days=30)
"""Before a vote, poll_backtest looks back so far."""


def daily(topic: TopicFile, schedule: Schedule) -> DAG:
    """Returns the daily DAG of a topic."""
    options = {"timeout": timedelta(minutes=schedule.daily.timeout_minutes), "tags": ["daily", topic.name]}
    options |= _deadline(schedule)
    with make_dag(f"pulso_daily_{topic.name}", "0 0 * * *", topic.timezone, schedule, __doc__ or "", **options) as dag:
        before: list[Any] = [gate_task(topic.name, schedule)]
        if schedule.daily.names:
            before.append(before[0] >> command_task("names", "ingest", "names", "--topic", topic.name))
        counted = job_tasks("day", topic.name, schedule.daily.jobs, schedule)
        _in_order(before, counted)
        if topic.name in schedule.votes:
            vote = _backtest(topic, schedule.votes[topic.name], schedule)
            counted >> vote
            counted = [*counted, vote]
        words = ("quality", "--topic", topic.name, "--from", FROM, "--to", TO)
        quality = command_task("quality", "readers", *words, trigger_rule=TriggerRule.ALL_DONE)
        counted >> quality
        last: Any = quality
        for task in _published(topic, schedule):
            [*counted, last] >> task
            last = task
    return dag


def _in_order(before: list[Any], tasks: list[JobOperator]) -> None:
    """Lets the jobs that others need run first. The poll is counted also if coordination failed: without its share."""
    first = dict[str, JobOperator]()
    for task in tasks:
        before >> task
        if len(before) > 1:
            task.trigger_rule = TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
        if task.task_id in FIRST_JOBS:
            first[task.task_id] = task
            before = [task]
    activity, grouped, poll = (first.get(name) for name in FIRST_JOBS)
    if activity and grouped and poll:
        activity >> poll
        poll.trigger_rule = TriggerRule.ALL_DONE_MIN_ONE_SUCCESS


def _backtest(topic: TopicFile, vote: date, schedule: Schedule) -> JobOperator:
    """Returns the task that compares the polls before a vote with its outcome: in the run that ends where it starts."""
    starts = datetime.combine(vote, time(0), ZoneInfo(topic.timezone))
    return job_task(
        "backtest",
        topic.name,
        ["poll_backtest"],
        schedule,
        window=(utc(starts - LONGEST_SPAN), utc(starts)),
        only_if_ends=starts,
    )


def _published(topic: TopicFile, schedule: Schedule) -> list[BaseOperator]:
    """Returns the tasks that need every job to have succeeded, in their order.

    There is one in any case: a run has failed if its last task has, and `quality` may succeed where `day` failed.
    """
    options: dict[str, Any] = {"trigger_rule": TriggerRule.NONE_FAILED}
    tasks = list[BaseOperator]()
    if schedule.daily.publish:
        tasks.append(command_task("publish", "readers", "publish", "--topic", topic.name, **options))
    if schedule.daily.exports:
        folder = f"{schedule.daily.exports}/{topic.name}"
        file = f"{folder}/graphs-{{{{ data_interval_start | day('{topic.timezone}') }}}}"
        words = ("--topic", topic.name, "--graph", "all", "--format", "parquet", "--period", "window", "--if-any")
        window = ("--from", FROM, "--to", TO)
        for name, more in (("edges", ()), ("nodes", ("--nodes",))):
            out = ("--out", f"{file}-{name}.parquet")
            told = (*words, *window, *more, *out)
            tasks.append(command_task(f"export_{name}", "readers", "export", *told, **options, folder=folder))
    return tasks or [EmptyOperator(task_id="all_well", **options)]


def _deadline(schedule: Schedule) -> dict[str, Any]:
    """Returns the alert about a late run, if one is asked for: `airflow dags test` can't run a DAG that has one."""
    if schedule.deadline_minutes is None:
        return {}
    late = timedelta(minutes=schedule.deadline_minutes)
    callback = SyncCallback(tell_late, {"mail_to": list(schedule.mail_to)})
    return {"deadline": DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, late, callback)}


globals().update(dags_of_topics(daily))
