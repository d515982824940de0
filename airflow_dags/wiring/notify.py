"""Tells that a task has failed for good: in its log and, if conf/schedule.yaml has addresses, by mail."""

import html
import logging
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseNotifier, TriggerRule

log = logging.getLogger("airflow.task")


class FailureNotifier(BaseNotifier):
    """One line in the log for each task that failed for good; and a mail to each address of `mail_to`.

    The mail goes out by Airflow's connection `smtp_default`. It holds the task, its time and its error, and the tasks
    that are not run because of it; no setting, and no post.
    """

    def __init__(self, mail_to: Sequence[str] = ()) -> None:
        super().__init__()
        self.mail_to = list(mail_to)

    def notify(self, context: Any) -> None:
        """Tells of the task in the context of a failed try."""
        line = told(context)
        self.log.error("%s", line)
        if self.mail_to:
            _mail(self.mail_to, f"Pulso: {context['dag'].dag_id}: {context['task'].task_id} failed", line, context)


def tell_late(mail_to: Sequence[str] = (), **context: Any) -> None:
    """Tells that a run is not done by its deadline: in the log and, if there are addresses, by mail."""
    run = context.get("dag_run") or (context.get("context") or {}).get("dag_run")
    line = f"a run is late: {run}"
    log.error("%s", line)
    if mail_to:
        _mail(mail_to, "Pulso: a run is late", line, context)


def _mail(mail_to: Sequence[str], subject: str, line: str, context: Any) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier  # noqa: PLC0415 - if mail is wanted

    SmtpNotifier(to=list(mail_to), subject=subject, html_content=f"<p>{html.escape(line)}</p>").notify(context)


def told(context: Any) -> str:
    """Returns what failed, over which time, why, and what is not run because of it, in one line.

    The other tasks are taken to succeed.
    """
    task, start, end = context["task"], context.get("data_interval_start"), context.get("data_interval_end")
    over = f" over {start:%Y-%m-%dT%H:%MZ} to {end:%Y-%m-%dT%H:%MZ}" if start and end else ""
    error = " ".join(str(context.get("exception") or "no error was told").split())
    after = ", ".join(sorted(_not_run_after(task)))
    stopped = f". Not run because of it: {after}" if after else ""
    return f"{context['dag'].dag_id}: {task.task_id}{over} failed: {error}{stopped}"


def _not_run_after(task: Any) -> set[str]:
    """Returns the ids of the tasks that can't run once a task has failed: by their rules, some run nevertheless."""
    failed = {task.task_id}
    for one in task.dag.topological_sort():
        lost = one.upstream_task_ids & failed
        if one.trigger_rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS:
            lost = lost if lost == one.upstream_task_ids else set()
        if lost and one.trigger_rule != TriggerRule.ALL_DONE:
            failed.add(one.task_id)
    return failed - {task.task_id}
