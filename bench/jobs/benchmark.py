"""Measures the rows of a plan and makes the report of them: one section for the rows that are measured together."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import typer

from bench.jobs.compared import (
    all_jobs_of_a_day,
    graph_of_an_hour,
    poll_of_an_hour,
    poll_of_the_campaign,
    poll_of_the_month,
)
from bench.jobs.growth import growth
from bench.jobs.sides import Sides, commit_of
from bench.jobs.table import HEADER, Compared
from bench.lab import Lab, Plan
from bench.results import Section
from conf.errors import PulsoError

ROWS = frozenset(range(1, 11))
Found = tuple[list[Compared], list[str]]


def _without_text(rows: Callable[[Sides, Plan], list[Compared]]) -> Callable[[Sides, Plan], Found]:
    return lambda sides, plan: (rows(sides, plan), [])


GROUPS: tuple[tuple[str, frozenset[int], Callable[[Sides, Plan], Found]], ...] = (
    ("the poll of an hour", frozenset({1}), _without_text(poll_of_an_hour)),
    ("the poll of a campaign", frozenset({2}), _without_text(poll_of_the_campaign)),
    ("the poll of a month", frozenset({3, 4, 8}), _without_text(poll_of_the_month)),
    ("all jobs over a day", frozenset({5}), _without_text(all_jobs_of_a_day)),
    ("the graphs of an hour", frozenset({7}), _without_text(graph_of_an_hour)),
    ("growth", frozenset({6, 9, 10}), growth),
)
"""The rows that are measured together, under a title, and what measures them."""


def names() -> list[str]:
    """Returns the names of all sections, in order."""
    return [_name(numbers) for _, numbers, _ in GROUPS]


def sections(lab: Lab) -> Iterator[tuple[str, Section]]:
    """Measures the rows that the plan asks for; yields a section's name and the section as soon as it is measured.

    If some rows can't be measured, or are not equal at both commits, the others still are; then raises the first error.
    """
    plan = replace(lab.plan, rows=lab.plan.rows or ROWS)
    sides, failed = Sides(lab), list[Exception]()
    for title, numbers, measure in GROUPS:
        if wanted := plan.rows & numbers:
            try:
                rows, text = measure(sides, plan)
            except Exception as error:  # whatever it is: the rows that take hours after it are measured
                failed.append(error)
                what = " ".join(str(error).split())[:300]
                told = f"{', '.join(map(str, sorted(wanted)))}: NOT MEASURED: {type(error).__name__}: {what}"
                typer.echo(told, err=True)
            else:
                rows.sort(key=lambda row: row.number)
                yield _name(numbers), Section(title, rows, [*text, *_about(plan)], HEADER)
    if failed:
        raise failed[0]


def _name(numbers: frozenset[int]) -> str:
    return f"jobs {', '.join(map(str, sorted(numbers)))}"


def _short(revision: str) -> str:
    try:
        return commit_of(revision)[:7]
    except PulsoError:  # some rows need no repository
        return "unknown"


def _about(plan: Plan) -> list[str]:
    return [
        f"this commit: {_short('HEAD')}; the commit before jobs were made faster: {_short(plan.before)};"
        f" {plan.rounds} rounds."
    ]
