"""Data quality: each run's frames are held to their expectations by Great Expectations, on Spark.

All of a frame's cheap checks are one Spark job, and say only whether they hold; what fails is then looked at again for
the rows that break it. Every result is a row in `data_quality`, whether the run succeeds or not.
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

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # it reports home otherwise
_ONE_AT_A_TIME = threading.Lock()
"""Great Expectations keeps one context for the process."""
WRITE_TIMEOUT = 20.0
SAMPLE = 3


@dataclass(frozen=True)
class Expected:
    """One expectation: what it says in words, how it is checked, how the rows that break it are found (where the check
    itself cannot tell), and what comes of a failure."""

    says: str
    check: Any
    severity: Severity = "error"
    detail: Any = None

    @property
    def closer(self) -> Any:
        """What finds the rows that break it."""
        return self.detail or self.check

    @property
    def is_query(self) -> bool:
        """Whether that is a query for whole rows."""
        return hasattr(self.closer, "unexpected_rows_query")


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation of one frame."""

    target: str
    says: str
    severity: str
    success: bool
    observed: str

    def __str__(self) -> str:
        return f"{self.target}: {self.says}: {self.observed}"


@dataclass
class Quality:
    """The checks of one run, and the seconds that they took. With `docs`, results are kept there for Data Docs."""

    run_id: UUID
    docs: Path | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def check(self, target: str, frame: DataFrame, expected: Sequence[Expected]) -> None:
        """Holds a frame to its expectations. Raises PulsoError for the first error among what fails, once all are
        known."""
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

    def _outcomes(self, target: str, frame: DataFrame, expected: Sequence[Expected]) -> list[Outcome]:
        with _ONE_AT_A_TIME, _context(self.docs) as context:
            validate = _Validation(context, f"{target} {self.run_id}", frame)
            held = validate([e.check for e in expected], "BOOLEAN_ONLY")
            doubted = [e for e, result in zip(expected, held, strict=True) if not result["success"]]
            # Looked at closer: queries give rows (the first 200) in COMPLETE alone, where others give every value.
            queries, others = [e for e in doubted if e.is_query], [e for e in doubted if not e.is_query]
            details = [
                *validate([e.closer for e in queries], "COMPLETE"),
                *validate([e.check for e in others], "SUMMARY"),
            ]
        # What looks closer has the last word: of no rows at all, no part is unique.
        seen = {e.says: _observed(d) for e, d in zip([*queries, *others], details, strict=True) if not d["success"]}
        return [Outcome(target, e.says, e.severity, e.says not in seen, seen.get(e.says, "")) for e in expected]

    @property
    def warnings(self) -> list[str]:
        """What failed and was published all the same."""
        return [str(outcome) for outcome in self.outcomes if not outcome.success]

    def write(self, session: Session, keyspace: str, job: str, topic: str, at: datetime) -> None:
        """Writes a row an expectation."""
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
    """Builds the Data Docs of every result kept in a folder; gives the page's address."""
    with _ONE_AT_A_TIME, _context(folder) as context:
        pages: dict[str, str] = context.build_data_docs()
    return next(iter(pages.values()))


class _Validation:
    """Validates one frame, under a name."""

    def __init__(self, context: Any, name: str, frame: DataFrame) -> None:
        source = context.data_sources.add_or_update_spark(name=name, persist=False)
        self._context, self._name, self._frame = context, name, frame
        self._batch = source.add_dataframe_asset(name="frame").add_batch_definition_whole_dataframe("whole")

    def __call__(self, checks: Sequence[Any], result_format: str) -> list[dict[str, Any]]:
        """A result a check, in order."""
        if not checks:
            return []
        from great_expectations import ExpectationSuite, ValidationDefinition  # noqa: PLC0415 - seconds to import

        name = f"{self._name} {result_format}"
        own = [check.copy(update={"id": None, "meta": {"number": n}}) for n, check in enumerate(checks)]
        suite = self._context.suites.add_or_update(ExpectationSuite(name=name, expectations=own))
        definition = ValidationDefinition(name=name, data=self._batch, suite=suite)
        definition = self._context.validation_definitions.add_or_update(definition)
        outcome = definition.run(batch_parameters={"dataframe": self._frame}, result_format=result_format)
        found = [result.to_json_dict() for result in outcome.results]  # in an order of their own
        return sorted(found, key=lambda result: int(result["expectation_config"]["meta"]["number"]))


@contextmanager
def _context(docs: Path | None) -> Iterator[Any]:
    """A context without progress bars; in memory, unless results are to be kept."""
    import great_expectations  # noqa: PLC0415 - it takes seconds to import, and only a job that checks needs it
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about itself
        if docs:
            context: Any = great_expectations.get_context(mode="file", project_root_dir=str(docs))
        else:
            stores = InMemoryStoreBackendDefaults(
                init_temp_docs_sites=False
            )  # it would leave a folder behind each time
            context = great_expectations.get_context(project_config=DataContextConfig(store_backend_defaults=stores))
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        yield context


def _observed(result: dict[str, Any]) -> str:
    """What was found, short: how many rows of how many, and a sample."""
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
