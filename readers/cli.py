"""The command line of readers: `python -m readers COMMAND` (DESIGN 2)."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from conf import cli
from conf.connect import cassandra_session
from conf.instants import parse_instant
from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from readers.output import write_frame
from readers.poll import TOO_FEW, read_poll, smoothed, without_few
from readers.poll_view import print_poll
from readers.search_cli import search

app = cli.application("Summaries as tables, CSV, JSON or Parquet. Add -v anywhere for tracebacks.")
app.command()(search)


class Format(StrEnum):
    """What a command writes."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class Period(StrEnum):
    """Which periods of a summary."""

    HOUR = "hour"
    DAY = "day"
    WINDOW = "window"


@app.callback()
def readers() -> None:
    """Summaries as tables, CSV, JSON or Parquet. Add -v anywhere for tracebacks."""


@app.command()
def poll(
    topic: Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")],
    race: Annotated[str | None, typer.Option(help="Race id; all of the topic's races if left out.")] = None,
    period: Annotated[Period, typer.Option(help="Which periods.")] = Period.WINDOW,
    start: Annotated[str | None, typer.Option("--from", help="First period_start; date or ISO time, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Before this period_start.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; stdout if left out.")] = None,
    smooth: Annotated[int, typer.Option(help="Trailing mean over so many days, with --period day.", min=1)] = 1,
    min_authors: Annotated[int, typer.Option(help="Show no share of fewer authors than that.", min=0)] = TOO_FEW,
) -> None:
    """Show the candidate poll: share of conversation with its interval. Not a forecast."""
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    races = [topic_file.race(race)] if race else list(topic_file.races)
    if smooth > 1 and period is not Period.DAY:
        raise typer.BadParameter("--smooth takes a mean over days: give --period day with it")
    bounds = [parse_instant(o, v) if v else None for o, v in (("--from", start), ("--to", end))]
    with cassandra_session(settings) as session:
        frames = [read_poll(session, settings.keyspace, topic_file, r.id, period.value, *bounds) for r in races]
    frames = [without_few(smoothed(f, smooth) if smooth > 1 else f, min_authors) for f in frames]
    if format_ is not Format.TABLE:
        write_frame(pd.concat(frames, ignore_index=True), format_.value, out)
        return
    console = out_console()
    for one, frame in zip(races, frames, strict=True):
        print_poll(frame, topic_file, one, console)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and gives its exit code."""
    return cli.run(app, "python -m readers", argv)
