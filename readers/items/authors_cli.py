"""`python -m readers authors`: shows what authors posted and received, or writes it as CSV, JSON or Parquet."""

from typing import Annotated

import typer

from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session

SHOWN = 20
"""Authors of each period in a table unless --limit says otherwise; files contain all."""


def authors(
    topic: options.Topic,
    period: options.Period = "window",
    start: options.From = None,
    end: options.To = None,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
    min_posts: Annotated[int, typer.Option(help="Leave out authors with fewer posts in the period.", min=0)] = 0,
    limit: Annotated[
        int | None, typer.Option(help=f"Authors of each period; default {SHOWN} in a table, else all.", min=1)
    ] = None,
) -> None:
    """Show what each author posted and received, most posts first, and which bot rules fired. A flag is no proof."""
    from readers.items.authors import read_authors
    from readers.items.items_view import print_authors
    from readers.output import write_frame

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    within = options.bounds(start, end)
    with cassandra_session(settings) as session:
        frame = read_authors(session, settings.keyspace, topic_file, period, *within)
    frame = frame[frame["posts"] >= min_posts]
    most = limit or (SHOWN if format_ == "table" else None)
    if most:
        frame = frame.groupby(["period_start", "period_end"], sort=False).head(most)
    if format_ == "table":
        print_authors(frame, topic_file, out_console())
    else:
        write_frame(frame, format_, out)
