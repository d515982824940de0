"""Data quality: Great Expectations checks the frames of each run, on Spark.

All checks of a frame first run together in one Spark job, which only finds out which checks fail. The failed checks run
again, to find rows that break them. Every result becomes a row in `data_quality`, whether the run succeeds or not.
"""

import os
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cassandra.cluster import Session
from pyspark.sql import DataFrame

from conf.errors import PulsoError
from conf.tables import DATA_QUALITY
from jobs.framework.job import Severity
from stores.execute import execute_all
from stores.prepare import prepared

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # otherwise it sends reports to its makers
_ONE_AT_A_TIME = threading.Lock()
"""Great Expectations has one context per process, so only one frame is checked at a time."""
WRITE_TIMEOUT = 20.0
SAMPLE = 3
FEWEST_OF_USUAL, MOST_OF_USUAL = 0.2, 5.0
"""The bounds of a usual number of posts, as parts of the mean of the week before."""


@dataclass(frozen=True)
class Expected:
    """One expectation: its text (`says`) and its check.

    `detail` is a second check that finds the rows that break the expectation, if `check` can't. With severity `error`,
    a broken expectation stops the publication; with `warning`, it does not.
    """

    says: str
    check: Any
    severity: Severity = "error"
    detail: Any = None

    @property
    def closer(self) -> Any:
        """The check that finds the rows that break the expectation."""
        return self.detail or self.check

    @property
    def is_query(self) -> bool:
        """Whether `closer` is a query that returns whole rows."""
        return hasattr(self.closer, "unexpected_rows_query")


@dataclass(frozen=True)
class Outcome:
    """The result of one expectation for one frame."""

    target: str
    says: str
    severity: str
    success: bool
    observed: str

    def __str__(self) -> str:
        return f"{self.target}: {self.says}: {self.observed}"


@dataclass
class Quality:
    """The checks of one run, and the seconds that they took.

    With `docs`, the results are also kept in that folder, for Great Expectations' pages (Data Docs).
    """

    run_id: UUID
    docs: Path | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def check(self, target: str, frame: DataFrame, expected: Sequence[Expected]) -> None:
        """Runs the checks of a frame, and keeps the outcomes.

        When all checks have run, raises PulsoError if one of severity `error` failed. The error names the first of
        these.
        """
        began = time.monotonic()
        found = self._outcomes(target, frame, expected)
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

    def _outcomes(self, target: str, frame: DataFrame, expected: Sequence[Expected]) -> list[Outcome]:
        with _ONE_AT_A_TIME, _context(self.docs) as context:
            validate = _Validation(context, f"{target} {self.run_id}", frame)
            held = validate([e.check for e in expected], "BOOLEAN_ONLY")
            doubted = [e for e, result in zip(expected, held, strict=True) if not result["success"]]
            # Queries return rows (the first 200) only with COMPLETE; other checks would then return every value.
            queries, others = [e for e in doubted if e.is_query], [e for e in doubted if not e.is_query]
            details = [
                *validate([e.closer for e in queries], "COMPLETE"),
                *validate([e.check for e in others], "SUMMARY"),
            ]
        # The second look decides: a frame without rows fails the check for unique keys, though none is double.
        seen = {e.says: _observed(d) for e, d in zip([*queries, *others], details, strict=True) if not d["success"]}
        return [Outcome(target, e.says, e.severity, e.says not in seen, seen.get(e.says, "")) for e in expected]

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


def build_docs(folder: Path) -> str:
    """Builds the Data Docs of all results that a folder keeps; returns the address of the page."""
    with _ONE_AT_A_TIME, _context(folder) as context:
        pages: dict[str, str] = context.build_data_docs()
    return next(iter(pages.values()))


class _Validation:
    """Runs checks on one frame, under a name."""

    def __init__(self, context: Any, name: str, frame: DataFrame) -> None:
        source = context.data_sources.add_or_update_spark(name=name, persist=False)
        self._context, self._name, self._frame = context, name, frame
        self._batch = source.add_dataframe_asset(name="frame").add_batch_definition_whole_dataframe("whole")

    def __call__(self, checks: Sequence[Any], result_format: str) -> list[dict[str, Any]]:
        """Returns one result per check, in the order of `checks`."""
        if not checks:
            return []
        from great_expectations import ExpectationSuite, ValidationDefinition  # noqa: PLC0415 - seconds to import

        name = f"{self._name} {result_format}"
        own = [check.copy(update={"id": None, "meta": {"number": n}}) for n, check in enumerate(checks)]
        suite = self._context.suites.add_or_update(ExpectationSuite(name=name, expectations=own))
        definition = ValidationDefinition(name=name, data=self._batch, suite=suite)
        definition = self._context.validation_definitions.add_or_update(definition)
        outcome = definition.run(batch_parameters={"dataframe": self._frame}, result_format=result_format)
        found = [result.to_json_dict() for result in outcome.results]  # not in the order of `checks`
        return sorted(found, key=lambda result: int(result["expectation_config"]["meta"]["number"]))


@contextmanager
def _context(docs: Path | None) -> Iterator[Any]:
    """Yields a context without progress bars; it is in memory, unless `docs` is to keep the results."""
    import great_expectations  # noqa: PLC0415 - it takes seconds to import, and only a job that checks needs it
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Great Expectations warns about its own code
        if docs:
            context: Any = great_expectations.get_context(mode="file", project_root_dir=str(docs))
        else:
            stores = InMemoryStoreBackendDefaults(
                init_temp_docs_sites=False
            )  # otherwise each context leaves a folder behind
            context = great_expectations.get_context(project_config=DataContextConfig(store_backend_defaults=stores))
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        yield context


def _observed(result: dict[str, Any]) -> str:
    """Returns in short what was found: how many rows of how many, and a sample."""
    raised = _exception(result.get("exception_info", {}))
    if raised:
        return f"could not be checked: {raised}"[:500]
    found = result["result"]
    rows = (found.get("details") or {}).get("unexpected_rows")
    count = found.get("unexpected_count") if rows is None else found["observed_value"]
    if count is None:
        return _plain(found.get("observed_value", ""))
    sample = rows or found.get("partial_unexpected_list") or []
    total = f" of {found['element_count']:,}" if found.get("element_count") else ""
    return f"{count:,}{total} rows, such as {_plain(sample[:SAMPLE])}"


def _exception(info: dict[str, Any]) -> str:
    for one in (info, *(value for value in info.values() if isinstance(value, dict))):
        if one.get("raised_exception"):
            return " ".join(str(one.get("exception_message", "")).split())[:400]
    return ""


def _plain(value: object) -> str:
    return " ".join(str(value).split())[:300]
