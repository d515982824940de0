"""The gate of a run: has the time of the run been collected, and is what was collected stored?"""

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_dags.wiring.commands import WRONG_USE, told_by
from conf import ROOT


class CoverageGate(BaseSensorOperator):
    """Waits until what was collected live in the run's time is stored, but at most `wait_minutes` after its end.

    Then the run goes on in any case, since a gap in collection never closes: the polls have the part that was collected
    in their column `coverage`, and it is the task's result (XCom). Where it is below `least`, the task's log warns, and
    names the gaps. A topic that is not collected live passes at once. While the stores do not answer it waits, too;
    after that time it fails.
    """

    template_fields: Sequence[str] = ("arguments",)

    def __init__(self, *, arguments: Sequence[str], wait_minutes: int, least: float, **kwargs: Any) -> None:
        timeout = timedelta(days=7)  # never reached: `wait_minutes` count from the end of the run's time
        super().__init__(mode="reschedule", poke_interval=60, timeout=timeout, **kwargs)
        self.arguments = list(arguments)
        self.wait_minutes = wait_minutes
        self.least = least

    def poke(self, context: Any) -> PokeReturnValue:
        """Asks once. Raises AirflowException if the command fails after the time to wait, or was used wrongly."""
        may_wait = datetime.now(UTC) < context["data_interval_end"] + timedelta(minutes=self.wait_minutes)
        done = subprocess.run(
            self.arguments, capture_output=True, encoding="utf-8", errors="replace", cwd=ROOT, check=False
        )
        for line in done.stderr.splitlines():
            self.log.info("%s", line)
        if done.returncode:
            return self._not_told(told_by(done.stderr), done.returncode, may_wait)
        told = json.loads(done.stdout)
        if told["waiting_for"] and may_wait:
            self.log.info("waiting for what was collected from %s to be stored", ", ".join(told["waiting_for"]))
            return PokeReturnValue(is_done=False)
        self._tell(told)
        return PokeReturnValue(is_done=True, xcom_value=told["coverage"])

    def _not_told(self, error: str, code: int, may_wait: bool) -> PokeReturnValue:
        if code == WRONG_USE:
            raise AirflowFailException(error)
        if not may_wait:
            raise AirflowException(error or f"exit code {code}")
        self.log.warning("%s. It is asked again", error or f"exit code {code}")
        return PokeReturnValue(is_done=False)

    def _tell(self, told: dict[str, Any]) -> None:
        if told["coverage"] is None:
            self.log.info("the topic was never collected live")
        elif told["coverage"] < self.least or told["waiting_for"]:
            self.log.warning(
                "only %.1f %% of this time was collected; the polls say so in `coverage`. %s",
                100 * told["coverage"],
                "; ".join(told["lines"]),
            )
        else:
            self.log.info("%.1f %% of this time was collected", 100 * told["coverage"])
