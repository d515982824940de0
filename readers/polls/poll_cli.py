"""`python -m readers poll`: shows the candidate poll as a table with bars, or writes it as CSV, JSON or Parquet."""

from typing import Annotated

import typer

from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from readers.polls import TOO_FEW
from stores.connect import cassandra_session


def poll(
    topic: options.Topic,
    race: Annotated[str | None, typer.Option(help="Id of a race; all races of the topic if left out.")] = None,
    period: options.Period = "window",
    start: options.From = None,
    end: options.To = None,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
    smooth: Annotated[int, typer.Option(help="Show means over this many days; with --period day.", min=1)] = 1,
    min_authors: Annotated[int, typer.Option(help="Hide shares in periods with fewer authors.", min=0)] = TOO_FEW,
) -> None:
    """Show the candidate poll: share of conversation with its interval. Not a forecast."""
    import pandas as pd

    from readers.output import write_frame
    from readers.polls.poll import read_poll, read_volume, smoothed, without_few
    from readers.polls.poll_view import print_poll

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    races = [topic_file.race(race)] if race else list(topic_file.races)
    if smooth > 1 and period != "day":
        raise typer.BadParameter("--smooth works on days: give --period day, too")
    within = options.bounds(start, end)
    with cassandra_session(settings) as session:
        frames = [read_poll(session, settings.keyspace, topic_file, r.id, period, *within) for r in races]
        volume = read_volume(session, settings.keyspace, topic_file, period, frames) if format_ == "table" else {}
    frames = [without_few(smoothed(f, smooth) if smooth > 1 else f, min_authors) for f in frames]
    if format_ != "table":
        write_frame(pd.concat(frames, ignore_index=True), format_, out)
        return
    console = out_console()
    for one, frame in zip(races, frames, strict=True):
        print_poll(frame, topic_file, one, console, volume)
