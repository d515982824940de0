"""The options that several commands of readers share."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from conf import tables
from conf.instants import parse_instant

_FORMAT = typer.Option("--format", help="Output format.")
SummaryFormat = Annotated[Literal["table", "csv", "json", "parquet"], _FORMAT]
PostsFormat = Annotated[Literal["table", "csv", "ndjson", "parquet"], _FORMAT]
GraphFormat = Annotated[
    Literal["gexf", "graphml", "csv", "ndjson", "parquet"] | None,
    typer.Option("--format", help="Output format; if left out, gexf, and csv with --graph all."),
]
Topic = Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")]
Period = Annotated[tables.Period, typer.Option(help="Length of the periods.")]
Kind = Annotated[tables.Kind | None, typer.Option(help="Only posts of this kind.")]
From = Annotated[
    str | None, typer.Option("--from", help="Only periods that start at or after this date or ISO time, UTC.")
]
To = Annotated[str | None, typer.Option("--to", help="Only periods that start before this time.")]
PUBLIC_FROM = 10_000
"""Followers from which an account is named, unless --min-followers says another number (`readers/private.py`)."""
MinFollowers = Annotated[
    int, typer.Option(help="Name only accounts with at least this many followers, and candidates; 0 names all.", min=0)
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write; stdout if left out.")]


def bounds(start: str | None, end: str | None) -> list[datetime | None]:
    """Returns the instants of --from and --to, UTC; None for one that was not given.

    Raises WrongUse for a value that is not a date or time.
    """
    return [parse_instant(option, value) if value else None for option, value in (("--from", start), ("--to", end))]
