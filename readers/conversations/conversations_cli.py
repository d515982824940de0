"""`python -m readers conversations`: shows where replies pile up, or writes it as CSV, JSON or Parquet."""

from functools import partial
from typing import Annotated, Literal

import typer

from readers import options
from readers.shown import show


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

    read = partial(read_conversations, period=period, min_followers=min_followers)
    show(topic, (start, end), (format_, out), read, partial(print_conversations, min_followers=min_followers))
