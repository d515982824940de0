"""The command line of the benchmarks: `python -m bench [NAME…]`."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import psutil
import typer

from bench import checks, export, generate, graphs, ingest, poll, search
from bench.lab import HOME, Lab, Plan, lab
from bench.machine import describe
from bench.results import Section, print_sections, write_section
from conf import ROOT, cli
from conf.terminal import progress

RESULTS = ROOT / "bench" / "RESULTS.md"


class Name(StrEnum):
    """The benchmarks, in the order in which they run."""

    GENERATE = "generate"
    INGEST = "ingest"
    POLL = "poll"
    SEARCH = "search"
    CHECKS = "checks"
    GRAPHS = "graphs"
    EXPORT = "export"


BENCHMARKS: dict[Name, Callable[[Lab], Section]] = {
    Name.GENERATE: generate.benchmark,
    Name.INGEST: ingest.benchmark,
    Name.POLL: poll.benchmark,
    Name.SEARCH: search.benchmark,
    Name.CHECKS: checks.benchmark,
    Name.GRAPHS: graphs.benchmark,
    Name.EXPORT: export.benchmark,
}
app = cli.application("Side-by-side benchmarks, on engines of their own. Add -v anywhere for tracebacks.")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmarks and returns the exit code."""
    return cli.run(app, "python -m bench", argv)


@app.command()
def bench(
    names: Annotated[list[Name] | None, typer.Argument(help="The benchmarks to run; all if none is named.")] = None,
    posts: Annotated[int, typer.Option(help="Posts in the corpus.", min=1000)] = 100_000,
    sample: Annotated[int, typer.Option(help="Posts for the classic design, which is slow.", min=10)] = 400,
    month_posts: Annotated[
        int, typer.Option(help="Posts in the month for `search` and `checks`.", min=1000)
    ] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="Rounds: how often each thing is measured.", min=1)] = 3,
    edges: Annotated[int, typer.Option(help="Edges of the graph for `graphs`.", min=1000)] = 5_000_000,
    home: Annotated[Path, typer.Option(help="Folder for the engines' data and logs.")] = HOME,
    results: Annotated[Path, typer.Option(help="File of the report; other benchmarks' sections stay.")] = RESULTS,
) -> None:
    """Run benchmarks, write each section into the report as soon as it is ready, and print the tables."""
    chosen = [name for name in Name if name in (names or Name)]
    plan = Plan(posts, min(sample, posts), rounds, month_posts, edges)
    sections = dict[str, Section]()
    with _shown(len(chosen)) as (show, advance), lab(plan, home, show) as running:
        for name in chosen:
            began, load = datetime.now(UTC), psutil.getloadavg()[0]
            sections[name] = BENCHMARKS[name](running)
            write_section(results, list(Name), name, sections[name], describe(running, began, load))
            advance()
    print_sections(sections)
    typer.echo(f"written to {results}")


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
