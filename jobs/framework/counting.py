"""Counts the rows of a frame that break its expectations, in as few Spark jobs as possible.

One aggregation counts all rows and all conditions (the first pass), and one query counts the repeated keys and what
breaks the rules (the second pass); of few rows that the driver has, one query counts it all. To plan a query takes
Spark longer than to count the rows of a small frame, so nothing is asked twice. Only if an expectation failed, its rows
are looked for again, for a sample.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.framework.expected import Checks, Expected, Repeated, Ruled, Where
from jobs.framework.figures import Counts, Look
from jobs.framework.spark_errors import ends_the_run

SAMPLE = 3
FEW_ROWS = 20_000
"""Up to so many rows are brought into one partition for the second pass: an exchange would cost more than it saves."""
_ROWS, _COUNTED = "rows", "counted "
_Part = TypeVar("_Part")
_FAILURES = (PySparkException, Py4JError)


def first_pass(frame: DataFrame, expected: Sequence[Expected], *counted: Column) -> tuple[Counts, list[int]]:
    """Counts the rows of a frame, those that break a condition, and those of each condition in `counted`, all at once.

    Returns the counts, and the numbers of `counted`. A persisted frame is computed and stored by this pass.
    """
    conditions = {e.says: e.broken.condition for e in expected if isinstance(e.broken, Where)}
    always = {_ROWS: F.lit(True), **{f"{_COUNTED}{n}": each for n, each in enumerate(counted)}}

    def numbers(parts: Mapping[str, Column]) -> Sequence[int]:
        return frame.agg(*(F.count(F.when(condition, 1)) for condition in parts.values())).collect()[0]

    # An AnalysisException is an error of a condition. Any other error is one of reading the frame, and ends the run.
    found = _together(numbers, {**always, **conditions}, (AnalysisException,))
    rows, *others = (int(found.pop(name)) for name in always)
    return Counts(rows, found), others


def second_pass(checks: Checks, rows: int) -> dict[str, int | str]:
    """Counts the repeated keys of a frame with so many rows, and the rows that break its rules, in one query."""
    frame = checks.frame.coalesce(1) if rows <= FEW_ROWS else checks.frame

    def counted(parts: Mapping[str, Ruled | Repeated]) -> Sequence[int]:
        query, names = _asked(frame, parts, rows)
        found = _by_name(query, names)
        return [found[says] for says in parts]

    return _together(counted, _others(checks), _FAILURES)


def only_pass(checks: Checks, rows: int) -> Counts | None:
    """Counts in one query what both passes count, of a frame with so many rows, which are few.

    Returns None if that fails, or if there is nothing for one of them: both passes then count all that they can, and
    tell what has failed.
    """
    frame = checks.frame.coalesce(1)
    conditions = {e.says: e.broken.condition for e in checks.expected if isinstance(e.broken, Where)}
    others = _others(checks)
    if not (conditions and others):
        return None
    try:
        query, names = _asked(frame, others, rows)
        counts = F.array(*(F.count(F.when(condition, 1)) for condition in conditions.values()))
        first = frame.agg(counts.alias("found")).select(F.lit(len(names)).alias("part"), "found")
        found: dict[str, int | str] = {**_by_name(query.unionAll(first), [*names, list(conditions)])}
        return Counts(rows, found)
    except _FAILURES as error:
        if ends_the_run(error):
            raise
        return None


def _others(checks: Checks) -> dict[str, Ruled | Repeated]:
    return {e.says: e.broken for e in checks.expected if not isinstance(e.broken, Where)}


def _asked(frame: DataFrame, parts: Mapping[str, Ruled | Repeated], rows: int) -> tuple[DataFrame, list[Sequence[str]]]:
    """Returns a query for the numbers of parts of a frame, and the names of those that each of its rows has."""
    names, queries = zip(*_queries(parts, rows), strict=True)
    numbered = (f"SELECT {number} AS part, found FROM ({query}\n)" for number, query in enumerate(queries))
    return queried(frame, " UNION ALL ".join(numbered)), list(names)


def _by_name(query: DataFrame, names: Sequence[Sequence[str]]) -> dict[str, int]:
    """Returns the numbers that a query returns, by the names of the parts."""
    return {says: n for part, numbers in query.collect() for says, n in zip(names[part], numbers, strict=True)}


def _queries(parts: Mapping[str, Ruled | Repeated], rows: int) -> Iterator[tuple[Sequence[str], str]]:
    """Yields queries over a frame with so many rows that return the number of each part, as the array `found`.

    With each query come the names of the parts that it counts: one query counts all rules for the same groups.
    """
    alike: dict[str, dict[str, str]] = {}
    for says, part in parts.items():
        if isinstance(part, Repeated):
            yield [says], f"SELECT array(n) AS found FROM ({part.counted(rows)}\n)"
        else:
            alike.setdefault(part.by, {})[says] = part.condition
    for by, conditions in alike.items():
        named = ", ".join(f"({condition}\n) AS broken_{number}" for number, condition in enumerate(conditions.values()))
        counts = ", ".join(f"count_if(broken_{number})" for number in range(len(conditions)))
        groups = f" GROUP BY {by}" if by else ""
        yield list(conditions), f"SELECT array({counts}) AS found FROM (SELECT {named} FROM {{batch}}{groups})"


def look_again(checks: Checks, expected: Expected, counts: Counts) -> Look:
    """Looks for the rows that break an expectation: for their exact number, and for a sample."""
    found = counts.broken[expected.says]
    try:
        if isinstance(found, str):
            return Look(None, not_checked(found))
        rows = _rows_of(checks.frame, expected)
        number = rows.count() if isinstance(expected.broken, Repeated) else found
        sample = [_shown(expected, text) for (text,) in rows.select(_as_json()).limit(SAMPLE).collect()]
    except _FAILURES as error:
        if ends_the_run(error):
            raise
        return Look(None, not_checked(str(error)))
    total = f" of {counts.rows:,}" if isinstance(expected.broken, Where) else ""
    return Look(number, f"{number:,}{total} rows, such as {_plain(sample)[:300]}")


def not_checked(error: str) -> str:
    """Returns what is said of an expectation that could not be checked, in one line."""
    return f"could not be checked: {_plain(error)[:400]}"


def _together(
    count: Callable[[Mapping[str, _Part]], Sequence[int]],
    parts: Mapping[str, _Part],
    errors: tuple[type[Exception], ...],
) -> dict[str, int | str]:
    """Counts all parts at once or, if that fails with one of `errors`, each by itself.

    Returns the number of each part, or its error as text. Raises what `ends_the_run`.
    """
    if not parts:
        return {}
    try:
        return dict(zip(parts, count(parts), strict=True))
    except errors as error:
        if ends_the_run(error):
            raise
        if len(parts) == 1:
            return dict.fromkeys(parts, _plain(error)[:400])
    alone = [_together(count, {name: part}, errors) for name, part in parts.items()]
    return {name: number for found in alone for name, number in found.items()}


def _rows_of(frame: DataFrame, expected: Expected) -> DataFrame:
    """Returns the rows that break an expectation: the columns to show, or the columns of a query."""
    if isinstance(expected.broken, Where):
        return frame.where(expected.broken.condition).select(*expected.broken.shown)
    return queried(frame, expected.broken.query)


def queried(frame: DataFrame, query: str) -> DataFrame:
    """Returns what a query over a frame, named `{batch}` there, returns. A persisted frame stays persisted.

    Spark makes a view for the query and drops it at once. With a view, it also drops what is persisted of just its
    plan, so the view must not be the frame itself.
    """
    return frame.sparkSession.sql(query, batch=frame.select("*"))


def _as_json() -> Column:
    """Returns a row as JSON: then a timestamp is in UTC, and every type is text that can be read."""
    return F.to_json(F.struct("*"), {"ignoreNullFields": "false"})


def _shown(expected: Expected, row: str) -> Any:
    """Returns a row of a sample as it is shown: a query's row with the names of its columns, others without."""
    values: dict[str, Any] = json.loads(row)
    if not isinstance(expected.broken, Where):
        return values
    return next(iter(values.values())) if len(values) == 1 else list(values.values())


def _plain(value: object) -> str:
    return " ".join(str(value).split())
