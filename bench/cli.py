"""The command line of the benchmarks: `python -m bench [NAME…]`.

`jobs` runs only if it is named: with its sizes it takes many hours, most of them for storing ten million posts.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import psutil
import typer

from bench import (
    checks,
    conversations,
    coordination,
    export,
    families,
    frames,
    generate,
    graphs,
    ingest,
    items,
    jobs,
    odd_posts,
    pack,
    page,
    parsing,
    poll,
    rates,
    search,
    tables,
)
from bench.jobs import ROWS
from bench.lab import HOME, Lab, Plan, lab
from bench.machine import describe
from bench.results import Section, print_sections, write_section
from conf import ROOT, cli
from conf.terminal import progress

RESULTS = ROOT / "bench" / "RESULTS.md"


class Name(StrEnum):
    """The benchmarks, in the order in which they run."""

    GENERATE = "generate"
    PARSE = "parse"
    TABLES = "tables"
    INGEST = "ingest"
    RATES = "rates"
    ODD = "odd"
    POLL = "poll"
    SEARCH = "search"
    CHECKS = "checks"
    FAMILIES = "families"
    CONVERSATIONS = "conversations"
    ITEMS = "items"
    COORDINATION = "coordination"
    GRAPHS = "graphs"
    EXPORT = "export"
    PACK = "pack"
    PAGE = "page"
    FRAMES = "frames"
    JOBS = "jobs"


def _one(name: Name, measure: Callable[[Lab], Section]) -> Callable[[Lab], Iterator[tuple[str, Section]]]:
    return lambda running: iter([(name.value, measure(running))])


BENCHMARKS: dict[Name, Callable[[Lab], Iterator[tuple[str, Section]]]] = {
    Name.GENERATE: _one(Name.GENERATE, generate.benchmark),
    Name.PARSE: _one(Name.PARSE, parsing.benchmark),
    Name.TABLES: _one(Name.TABLES, tables.benchmark),
    Name.INGEST: _one(Name.INGEST, ingest.benchmark),
    Name.RATES: _one(Name.RATES, rates.benchmark),
    Name.ODD: _one(Name.ODD, odd_posts.benchmark),
    Name.POLL: _one(Name.POLL, poll.benchmark),
    Name.SEARCH: _one(Name.SEARCH, search.benchmark),
    Name.CHECKS: _one(Name.CHECKS, checks.benchmark),
    Name.FAMILIES: _one(Name.FAMILIES, families.benchmark),
    Name.CONVERSATIONS: _one(Name.CONVERSATIONS, conversations.benchmark),
    Name.ITEMS: _one(Name.ITEMS, items.benchmark),
    Name.COORDINATION: _one(Name.COORDINATION, coordination.benchmark),
    Name.GRAPHS: _one(Name.GRAPHS, graphs.benchmark),
    Name.EXPORT: _one(Name.EXPORT, export.benchmark),
    Name.PACK: _one(Name.PACK, pack.benchmark),
    Name.PAGE: _one(Name.PAGE, page.benchmark),
    Name.FRAMES: _one(Name.FRAMES, frames.benchmark),
    Name.JOBS: jobs.sections,
}
"""What measures a benchmark, and yields its sections as soon as they are measured, each with its name."""
ORDER = [*(name.value for name in Name if name is not Name.JOBS), *jobs.names()]
ONLY_IF_NAMED = {Name.JOBS}
ROWS_OF = {Name.JOBS: ROWS, Name.RATES: rates.ROWS}
ROUNDS = {Name.PARSE: 30, Name.RATES: 5, Name.JOBS: 5}
"""Rounds by default, where they are not 3."""
BEFORE = {Name.PARSE: parsing.BEFORE, Name.INGEST: ingest.BEFORE}
"""The earlier commits that are compared with by default, where they are not that of `jobs`."""
app = cli.application("Side-by-side benchmarks, on engines of their own. Add -v anywhere for tracebacks.")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmarks and returns the exit code."""
    return cli.run(app, "python -m bench", argv)


@app.command()
def bench(
    names: Annotated[
        list[Name] | None, typer.Argument(help="The benchmarks to run; all but `jobs` if none is named.")
    ] = None,
    posts: Annotated[
        int, typer.Option(help="Posts in the corpus, and in the smallest month of `jobs`.", min=1000)
    ] = 100_000,
    sample: Annotated[int, typer.Option(help="Posts for the classic design, which is slow.", min=10)] = 400,
    month_posts: Annotated[
        int,
        typer.Option(
            help="Posts in the month for `search`, `checks`, `families`, `conversations`, `items`, `coordination`, "
            "`pack`, `page`, `frames`, `jobs`.",
            min=1000,
        ),
    ] = 1_000_000,
    campaign_posts: Annotated[int, typer.Option(help="Posts of the 90 days in `jobs`.", min=1000)] = 170_000,
    large_posts: Annotated[
        int, typer.Option(help="Posts in the largest month of `jobs`; ten million take an hour to store.", min=1000)
    ] = 10_000_000,
    rounds: Annotated[
        int | None,
        typer.Option(help="How often each thing is measured; 3, for `parse` 30, for `rates` and `jobs` 5.", min=1),
    ] = None,
    warm_posts: Annotated[int, typer.Option(help="Posts that warm up, in `rates`.", min=1000)] = 60_000,
    long_posts: Annotated[int, typer.Option(help="Posts that are measured, in `rates`.", min=1000)] = 500_000,
    live_seconds: Annotated[int, typer.Option(help="Seconds of live collection, in `rates`.", min=5)] = 600,
    stored_posts: Annotated[
        int, typer.Option(help="Rows stored at the end of a curve, in `rates`.", min=1000)
    ] = 5_000_000,
    edges: Annotated[int, typer.Option(help="Edges of the graph for `graphs`.", min=1000)] = 5_000_000,
    rows: Annotated[
        str, typer.Option(help="The rows of `jobs` or `rates` to measure, such as 1,2,7; all by default.")
    ] = "",
    before: Annotated[
        str | None,
        typer.Option(
            help="The commit beside which `parse`, `ingest` and `jobs` set this one; for `ingest`, none by default."
        ),
    ] = None,
    captures: Annotated[
        list[Path] | None, typer.Option("--capture", help="A file of captured lines for `parse`, beside the corpus.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the engines' data, and use what an earlier run with --keep left.")
    ] = False,
    home: Annotated[Path, typer.Option(help="Folder for the engines' data and logs.")] = HOME,
    results: Annotated[Path, typer.Option(help="File of the report; other benchmarks' sections stay.")] = RESULTS,
) -> None:
    """Run benchmarks, write each section into the report as soon as it is ready, and print the tables."""
    chosen = [name for name in Name if name in (names or set(Name) - ONLY_IF_NAMED)]
    plan = Plan(
        posts,
        min(sample, posts),
        rounds or 3,
        month_posts,
        edges,
        campaign_posts=campaign_posts,
        large_posts=large_posts,
        warm_posts=warm_posts,
        long_posts=long_posts,
        live_seconds=live_seconds,
        stored_posts=stored_posts,
        rows=row_numbers(rows, chosen),
        captures=tuple(captures or ()),
    )
    sections = dict[str, Section]()
    with _shown(len(chosen)) as (show, advance), lab(plan, home, show, keep=keep) as running:
        for name in chosen:
            began, load = datetime.now(UTC), psutil.getloadavg()[0]
            beside = before or BEFORE.get(name, plan.before)
            own = replace(running, plan=replace(plan, rounds=rounds or ROUNDS.get(name, 3), before=beside))
            for title, section in BENCHMARKS[name](own):
                sections[title] = section
                write_section(results, ORDER, title, section, describe(running, began, load))
            advance()
    print_sections(sections)
    typer.echo(f"written to {results}")


def row_numbers(text: str, chosen: Sequence[Name]) -> frozenset[int]:
    """Returns the numbers of a list such as 1,2,7.

    Raises BadParameter for anything else, and for a row that none of the chosen benchmarks has.
    """
    known = frozenset[int]().union(*(ROWS_OF.get(name, ()) for name in chosen))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts and not known:
        raise typer.BadParameter("--rows: only `jobs` and `rates` have rows to choose from")
    if unknown := [part for part in parts if not part.isdecimal() or int(part) not in known]:
        raise typer.BadParameter(f"--rows: {unknown[0]!r} is not a number from {min(known)} to {max(known)}")
    return frozenset(map(int, parts))


@contextmanager
def _shown(steps: int) -> Iterator[tuple[Callable[[str], None], Callable[[], None]]]:
    """Shows a progress bar with a note; yields a function that sets the note and one that advances the bar.

    SIGTERM ends the run as Ctrl-C does.
    """

    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with progress() as display:
        task = display.add_task("bench", total=steps, note="")
        yield lambda note: display.update(task, note=note), lambda: display.advance(task)
