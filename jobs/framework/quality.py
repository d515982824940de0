"""Data quality: Great Expectations checks the frames of each run.

Spark counts the rows that break each expectation (`counting.py`), and Great Expectations judges the counts
(`judge.py`). A frame without rows breaks nothing, so there is nothing to judge. Every result becomes a row in
`data_quality`, whether the run succeeds or not.
"""

import contextlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from uuid import UUID

from cassandra.cluster import Session

from conf.errors import PulsoError
from conf.tables import DATA_QUALITY
from jobs.framework.counting import FEW_ROWS, first_pass, look_again, not_checked, only_pass, second_pass
from jobs.framework.expected import Checks
from jobs.framework.figures import Counts, Docs, Figure, Look, Outcome, Page, Verdict
from jobs.framework.local import rows_here
from jobs.framework.window import Window
from stores.execute import execute_all
from stores.prepare import prepared

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # otherwise it sends reports to its makers
_ONE_AT_A_TIME = threading.Lock()
"""Great Expectations has one context per process, so only one frame is judged at a time."""
WRITE_TIMEOUT = 20.0
FEWEST_OF_USUAL, MOST_OF_USUAL = 0.2, 5.0
"""The bounds of a usual number of posts, as parts of the mean of the week before."""


@dataclass
class Quality:
    """The checks of one run, and the seconds that the run has waited for them.

    The first pass over posts is not in these seconds, since it also reads the posts. With `docs`, the results are also
    kept for Great Expectations' pages.
    """

    run_id: UUID
    docs: Docs | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def check(self, target: str, checks: Checks) -> None:
        """Checks a frame, and keeps the outcomes. Jobs that share posts share the outcomes, too.

        When all are known, raises PulsoError if an expectation of severity `error` is broken. The error names the first
        of these.
        """
        began = time.monotonic()
        with checks.lock:
            if not checks.outcomes or self.docs:
                checks.outcomes[:] = self._outcomes(target, checks)
            found = list(checks.outcomes)
        self.seconds += time.monotonic() - began
        self.outcomes += found
        broken = [outcome for outcome in found if not outcome.success and outcome.severity == "error"]
        if broken:
            more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            raise PulsoError(
                f"a check failed: {broken[0]}{more}", "Nothing was published; data_quality has every check"
            )

    def compare_volume(self, target: str, posts: int, before: Sequence[int]) -> None:
        """Compares a number of posts with those of like windows of the week before; an odd one is a warning."""
        if not before:
            return
        usual = sum(before) / len(before)
        near = int(usual * FEWEST_OF_USUAL) <= posts <= int(usual * MOST_OF_USUAL) + 1
        says = f"post count is near {usual:,.0f}, the mean of the week before"
        self.outcomes.append(Outcome(target, says, "warning", near, "" if near else f"{posts:,}"))

    @property
    def warnings(self) -> list[str]:
        """The expectations that were not met, as text. If the run ends well, all of them are warnings."""
        return [str(outcome) for outcome in self.outcomes if not outcome.success]

    def write(self, session: Session, keyspace: str, job: str, topic: str, at: datetime) -> None:
        """Writes one row per expectation to `data_quality`."""
        insert = prepared(session, DATA_QUALITY.insert(keyspace))
        rows = [
            {
                **{"job": job, "topic": topic, "run_id": self.run_id, "checked_at": at},
                **{"expectation": f"{o.target}: {o.says}", "target": o.target, "success": o.success},
                **{"observed": o.observed, "severity": o.severity},
            }
            for o in self.outcomes
        ]
        execute_all(session, (insert.bind([row[name] for name in DATA_QUALITY.columns]) for row in rows), WRITE_TIMEOUT)

    def _outcomes(self, target: str, checks: Checks) -> list[Outcome]:
        counts = _counts(checks)
        if not counts.rows and not self.docs:
            return [Outcome(target, e.says, e.severity, success=True, observed="") for e in checks.expected]
        verdicts = _judged([e.figure(counts) for e in checks.expected])
        doubted = [e for e, verdict in zip(checks.expected, verdicts, strict=True) if not verdict.success]
        looks = {e.says: look_again(checks, e, counts) for e in doubted}
        if looks or self.docs:  # the second look decides, since its numbers are exact
            figures = [e.figure(counts, looks.get(e.says)) for e in checks.expected]
            verdicts = _judged(figures, Page(self.docs, target) if self.docs else None)
        return [
            Outcome(target, e.says, e.severity, verdict.success, _observed(verdict, looks.get(e.says)))
            for e, verdict in zip(checks.expected, verdicts, strict=True)
        ]


def _counts(checks: Checks) -> Counts:
    """Counts the rows of a frame, and those that break each expectation."""
    here = None if checks.counts else rows_here(checks.frame)
    if here == 0:
        return Counts(0, {})
    if here and here <= FEW_ROWS and (found := only_pass(checks, here)):
        return found
    counts = checks.counts or first_pass(checks.frame, checks.expected)[0]
    return replace(counts, broken=counts.broken | second_pass(checks, counts.rows)) if counts.rows else counts


def import_ahead() -> None:
    """Begins to import Great Expectations in the background, since that takes seconds.

    An error is not reported here: the first check imports it again, and raises the error. The thread never keeps the
    process from ending.

    Meanwhile, Python's threads take turns ten times as often: each of the main thread's many calls to Spark waits for
    a turn when it returns.
    """

    def import_() -> None:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(usual / 10)
        try:
            with contextlib.suppress(Exception):
                _judge()
        finally:
            sys.setswitchinterval(usual)

    threading.Thread(target=import_, name="import of great_expectations", daemon=True).start()


def docs_of(folder: Path, job: str, topic: str, window: Window) -> Docs:
    """Returns where a run's results are kept for the pages, and its names there."""
    return Docs(folder, job, topic, f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC")


def build_docs(folder: Path) -> str:
    """Builds the Data Docs of all results that a folder keeps; returns the address of the page."""
    with _ONE_AT_A_TIME:
        return str(_judge().build_docs(folder))


def _judged(figures: Sequence[Figure], page: Page | None = None) -> list[Verdict]:
    """Returns the verdict on each figure, in their order; with `page`, the verdicts are also kept for the pages."""
    with _ONE_AT_A_TIME:
        verdicts: list[Verdict] = _judge().record(figures, page) if page else _judge().judge(figures)
    return verdicts


def _judge() -> ModuleType:
    """Returns the module with Great Expectations; imports it, or waits until another thread has imported it."""
    return importlib.import_module("jobs.framework.judge")


def _observed(verdict: Verdict, look: Look | None) -> str:
    """Returns in short what was found, if the expectation is broken."""
    if verdict.error:
        return not_checked(verdict.error)
    return look.observed if look and not verdict.success else ""
