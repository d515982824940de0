"""Great Expectations: judges the figures of a frame, and makes its pages (Data Docs).

A figure is the number of rows that break an expectation, or the share of rows that do not break it. Spark has counted
them (`counting.py`), so Great Expectations reads one row of figures, in its pandas engine.

To import this module takes seconds. Only `quality.py` imports it, and only when there is something to judge.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import great_expectations as gx
import pandas as pd
from great_expectations import ExpectationSuite, RunIdentifier, ValidationDefinition
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.render import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.validator.metric_configuration import MetricConfiguration

from jobs.framework.figures import Figure, Page, Verdict

_SEVERITY = {"error": "critical", "warning": "warning"}
"""The severities by the names that Great Expectations has for them."""


class ExpectFigureToBeBetween(BatchExpectation):  # type: ignore[misc]  # it has no types
    """Expects one figure, named by the text of its expectation, to be between two limits (both included)."""

    figure: str
    min_value: float | None = None
    max_value: float | None = None

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "figure")
    success_keys: ClassVar[tuple[str, ...]] = ("min_value", "max_value")
    args_keys: ClassVar[tuple[str, ...]] = ("figure", "min_value", "max_value")

    def get_validation_dependencies(self, execution_engine: Any = None, runtime_configuration: Any = None) -> Any:
        """Returns the metrics to compute: the greatest value of the figure's column, which has only one row."""
        dependencies = super().get_validation_dependencies(execution_engine, runtime_configuration)
        metric = MetricConfiguration("column.max", metric_domain_kwargs={"column": self.figure}, metric_value_kwargs={})
        dependencies.set_metric_configuration("column.max", metric)
        return dependencies

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        return self._validate_metric_value_between("column.max", metrics, runtime_configuration, execution_engine)

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)  # type: ignore[untyped-decorator]
    def _prescriptive_renderer(cls, configuration: Any = None, **_: Any) -> list[Any]:
        return [_as_text(configuration.kwargs["figure"])]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)  # type: ignore[untyped-decorator]
    def _diagnostic_observed_value_renderer(cls, result: Any = None, **_: Any) -> Any:
        return _as_text(result.expectation_config.meta["shown"])


def judge(figures: Sequence[Figure]) -> list[Verdict]:
    """Returns the verdict on each figure, in their order; keeps nothing."""
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)  # otherwise each context leaves a folder behind
    context = _quiet(gx.get_context(project_config=DataContextConfig(store_backend_defaults=stores)))
    source = context.data_sources.add_pandas(name="figures")
    batch = _whole(source, "frame").get_batch(batch_parameters={"dataframe": _frame(figures)})
    suite = ExpectationSuite(name="figures", expectations=_expectations(figures))
    return _verdicts(batch.validate(suite), figures)


def record(figures: Sequence[Figure], page: Page) -> list[Verdict]:
    """Returns the verdict on each figure, in their order, and keeps the result for the pages."""
    context = _docs_context(page.docs.folder)
    whole = _whole(context.data_sources.add_or_update_pandas(name=page.docs.job), page.table)
    suite = context.suites.add_or_update(ExpectationSuite(name=page.title, expectations=_expectations(figures)))
    definition = ValidationDefinition(name=page.title, data=whole, suite=suite)
    definition = context.validation_definitions.add_or_update(definition)
    run = RunIdentifier(page.run, datetime.now(UTC))
    return _verdicts(definition.run(batch_parameters={"dataframe": _frame(figures)}, run_id=run), figures)


def build_docs(folder: Path) -> str:
    """Builds the pages of all results that a folder keeps; returns the address of the first page."""
    pages: dict[str, str] = _docs_context(folder).build_data_docs()
    return next(iter(pages.values()))


def _docs_context(folder: Path) -> Any:
    return _quiet(gx.get_context(mode="file", project_root_dir=str(folder)))


def _quiet(context: Any) -> Any:
    """Returns a context without progress bars."""
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


def _whole(source: Any, table: str) -> Any:
    return source.add_dataframe_asset(name=table).add_batch_definition_whole_dataframe("whole")


def _frame(figures: Sequence[Figure]) -> pd.DataFrame:
    return pd.DataFrame({figure.says: [figure.value] for figure in figures})


def _expectations(figures: Sequence[Figure]) -> list[ExpectFigureToBeBetween]:
    return [
        ExpectFigureToBeBetween(
            figure=figure.says,
            min_value=figure.least,
            max_value=figure.most,
            severity=_SEVERITY[figure.severity],
            meta={"number": number, "shown": figure.shown},
        )
        for number, figure in enumerate(figures)
    ]


def _verdicts(outcome: Any, figures: Sequence[Figure]) -> list[Verdict]:
    """Returns the verdicts in the order of the figures; the results are in another order."""
    found = {int(result.expectation_config.meta["number"]): result.to_json_dict() for result in outcome.results}
    return [
        Verdict(bool(found[number]["success"]), _exception(found[number].get("exception_info", {})))
        for number in range(len(figures))
    ]


def _exception(info: dict[str, Any]) -> str:
    for one in (info, *(value for value in info.values() if isinstance(value, dict))):
        if one.get("raised_exception"):
            return str(one.get("exception_message", ""))
    return ""


def _as_text(text: str) -> RenderedStringTemplateContent:
    """Returns text for a page. As a parameter of a template, it is escaped: a sample holds what strangers have sent."""
    return RenderedStringTemplateContent(
        content_block_type="string_template", string_template={"template": "$text", "params": {"text": text}}
    )
