"""What the commands' options have in common."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from conf.instants import parse_instant

Topic = Annotated[str, typer.Option("--topic", "-t", help="Topic: the name of its file in conf/topics.")]
From = Annotated[str | None, typer.Option("--from", help="First period_start; date or ISO time, UTC.")]
To = Annotated[str | None, typer.Option("--to", help="Before this period_start.")]


class Format(StrEnum):
    """What a summary is written as."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class Period(StrEnum):
    """Which periods of a summary."""

    HOUR = "hour"
    DAY = "day"
    WINDOW = "window"


def bounds(start: str | None, end: str | None) -> list[datetime | None]:
    """The instants of --from and --to. Raises WrongUse for what is none."""
    return [parse_instant(option, value) if value else None for option, value in (("--from", start), ("--to", end))]
