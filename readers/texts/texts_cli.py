"""`python -m readers texts`: shows the texts that many accounts posted, or writes them as CSV, JSON or Parquet."""

from typing import Annotated, Literal

import typer

from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session


def texts(
    topic: options.Topic,
    period: Annotated[Literal["day", "window"], typer.Option(help="Length of the periods.")] = "window",
    start: options.From = None,
    end: options.To = None,
    min_authors: Annotated[int, typer.Option(help="Only texts of at least this many accounts.", min=2)] = 2,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
) -> None:
    """Show the texts that many accounts posted almost word for word. That alone is no sign of a campaign."""
    from readers.output import write_frame
    from readers.texts.texts import read_texts
    from readers.texts.texts_view import print_texts

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    first, last = options.bounds(start, end)
    with cassandra_session(settings) as session:
        frame = read_texts(session, settings.keyspace, topic_file, period, first, last, min_authors)
    if format_ != "table":
        write_frame(frame, format_, out)
    else:
        print_texts(frame, topic_file, out_console())
