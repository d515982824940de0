"""`python -m readers texts`: shows the texts that many accounts posted, or writes them as CSV, JSON or Parquet."""

from functools import partial
from typing import Annotated, Literal

import typer

from readers import options
from readers.shown import show


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
    from readers.texts.texts import read_texts
    from readers.texts.texts_view import print_texts

    read = partial(read_texts, period=period, min_authors=min_authors)
    show(topic, (start, end), (format_, out), read, print_texts)
