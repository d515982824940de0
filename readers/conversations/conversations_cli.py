"""`python -m readers conversations`: shows where replies pile up, or writes it as CSV, JSON or Parquet."""

from typing import Annotated, Literal

import typer

from conf.settings import load_settings
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session


def conversations(
    topic: options.Topic,
    period: Annotated[Literal["day", "window"], typer.Option(help="Length of the periods.")] = "window",
    start: options.From = None,
    end: options.To = None,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
    min_followers: options.MinFollowers = options.PUBLIC_FROM,
) -> None:
    """Show the posts with most replies below them, and how fast these came. Many replies are no sign of an attack."""
    from readers.conversations.conversations import read_conversations
    from readers.conversations.conversations_view import print_conversations
    from readers.output import write_frame

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    first, last = options.bounds(start, end)
    with cassandra_session(settings) as session:
        frame = read_conversations(session, settings.keyspace, topic_file, period, first, last, min_followers)
    if format_ != "table":
        write_frame(frame, format_, out)
    else:
        print_conversations(frame, topic_file, min_followers, out_console())
