"""Measures the rows of a plan and makes the report of them."""

from collections.abc import Callable
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

TITLE = "whole jobs by spark-submit, beside the commit before they were made faster"
ROWS = frozenset(range(1, 11))
Found = tuple[list[Compared], list[str]]


def _without_text(rows: Callable[[Sides, Plan], list[Compared]]) -> Callable[[Sides, Plan], Found]:
    return lambda sides, plan: (rows(sides, plan), [])


GROUPS: tuple[tuple[frozenset[int], Callable[[Sides, Plan], Found]], ...] = (
    (frozenset({1}), _without_text(poll_of_an_hour)),
    (frozenset({2}), _without_text(poll_of_the_campaign)),
    (frozenset({3, 4, 8}), _without_text(poll_of_the_month)),
    (frozenset({7}), _without_text(graph_of_an_hour)),
    (frozenset({5}), _without_text(all_jobs_of_a_day)),
    (frozenset({6, 9, 10}), growth),
)
"""The rows that are measured together, and what measures them."""


def benchmark(lab: Lab) -> Section:
    """Measures the rows that the plan asks for.

    If some can't be measured, or are not equal at both commits, the others are still reported; the text says why.
    Raises the first error if there is nothing to report.
    """
    plan = replace(lab.plan, rows=lab.plan.rows or ROWS)
    sides, about = Sides(lab), _about(plan)
    rows, text, failed = list[Compared](), list[str](), list[Exception]()
    for numbers, measure in GROUPS:
        if wanted := plan.rows & numbers:
            try:
                some, more = measure(sides, plan)
            except Exception as error:  # whatever it is: the rows that took hours before it are not lost
                failed.append(error)
                what = " ".join(str(error).split())[:300]
                told = f"{', '.join(map(str, sorted(wanted)))}: NOT MEASURED: {type(error).__name__}: {what}"
                typer.echo(told, err=True)
                text.append(f"{told}.")
            else:
                rows, text = rows + some, text + more
    if not rows:
        raise failed[0]
    rows.sort(key=lambda row: row.number)
    return Section(TITLE, rows, [*text, *about], HEADER)


def _short(revision: str) -> str:
    try:
        return commit_of(revision)[:7]
    except PulsoError:  # some rows need no repository
        return "unknown"


def _about(plan: Plan) -> list[str]:
    return [
        f"this commit: {_short('HEAD')}; the commit before: {_short(plan.before)}.",
        f"beside: the commit before, except in row 4 (DuckDB over the same posts as NDJSON) and in row 6."
        f" Each run is a cold process. What is compared runs by turns, {plan.rounds} rounds, every second one in the"
        " opposite order.",
        "found: the ratio of the medians of the seconds, unless it says otherwise. CPU: the median of the command's"
        " processes, plus that of Cassandra meanwhile; DuckDB uses no Cassandra.",
        "Both commits have the same posts in keyspaces of their own, each stored by its own code.",
        "A row is here only if its checks passed. Every run read all posts of its window. What both commits publish is"
        " equal: counts exactly, other figures to 1e-9. DuckDB's figures equal ours to 1e-9: posts, authors, shares and"
        " intervals, by hour, day and window.",
        "load average: over one minute, before the first run of the row and after its last. Rows that were measured in"
        " the same rounds have the same.",
    ]
