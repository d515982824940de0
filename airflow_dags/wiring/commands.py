"""The operators: a job by spark-submit, and a command of the project. Both run in the project's folder.

A command that ends with exit code 2 was used wrongly (a mistake in a topic file, say), so it is not tried again. The
command's own last line of error becomes the task's error, so that it stands in the log's last lines and in mails.
"""

import subprocess
from collections.abc import Sequence
from contextlib import chdir, suppress
from datetime import datetime
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from conf import ROOT

WRONG_USE = 2
"""The exit code of a command that was used wrongly."""
GRACE = 30
"""Seconds in which a command must end before it is killed, when its task is stopped."""


class JobOperator(SparkSubmitOperator):
    """Runs a job by the project's spark-submit.

    With `only_if_ends`, it is skipped in every run whose time does not end at that instant.
    """

    def __init__(self, *, only_if_ends: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.only_if_ends = only_if_ends

    def execute(self, context: Any) -> None:
        """Submits the job, and waits for its end. Raises AirflowFailException for wrong use, else as its base does."""
        if self.only_if_ends and context["data_interval_end"] != self.only_if_ends:
            raise AirflowSkipException(f"it runs where a run ends at {self.only_if_ends.isoformat()}")
        BaseHook.get_connection(self._conn_id)  # raises where there is none; the hook would take yarn for the master
        with chdir(ROOT):  # where .env is
            try:
                super().execute(context)
            except AirflowException as error:
                submitted = self._hook and self._hook._submit_sp
                _fail(told_by(str(error)), submitted.returncode if submitted else 1)


class CommandOperator(BaseOperator):
    """Runs a command; its output is the task's log. `arguments` are its words; `folder` is made before, if need be."""

    template_fields: Sequence[str] = ("arguments",)

    def __init__(self, *, arguments: Sequence[str], folder: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arguments = list(arguments)
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None

    def execute(self, context: Any) -> None:
        """Runs the command to its end. Raises AirflowException if it fails, AirflowFailException for wrong use."""
        if self.folder:
            (ROOT / self.folder).mkdir(parents=True, exist_ok=True)
        self.run(self.arguments)

    def run(self, arguments: Sequence[str]) -> None:
        """Runs a command to its end, as `execute` does."""
        self.log.info("runs: %s", " ".join(arguments))
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",  # the name of a file may be no text
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        lines = list[str]()
        for line in self._process.stdout:
            self.log.info("%s", line.rstrip())
            lines = [*lines[-20:], line.rstrip()]
        if code := self._process.wait():
            _fail(told_by("\n".join(lines)) or f"{arguments[0]} ended with exit code {code}", code)

    def on_kill(self) -> None:
        """Ends the command, when the task is stopped."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
            self._process.kill()


def told_by(output: str) -> str:
    """Returns the last error that a command's output tells, else the output's last line.

    A set of jobs tells the error of each job first, and then how many failed: these are all returned.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    return "; ".join(error.removeprefix("error: ") for error in errors) or (lines[-1] if lines else "")


def _fail(what: str, code: int) -> None:
    if code == WRONG_USE:
        raise AirflowFailException(what)
    raise AirflowException(what)
