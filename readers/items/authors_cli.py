"""`python -m readers authors`: shows what authors posted and received, or writes it as CSV, JSON or Parquet."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from conf.topic import Topic
from readers import options
from readers.shown import show

if TYPE_CHECKING:
    import pandas as pd

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

    most = limit or (SHOWN if format_ == "table" else None)

    def read(session: Any, keyspace: str, of: Topic, **within: Any) -> "pd.DataFrame":
        frame = read_authors(session, keyspace, of, period, **within)
        frame = frame[frame["posts"] >= min_posts]
        return frame.groupby(["period_start", "period_end"], sort=False).head(most) if most else frame

    show(topic, (start, end), (format_, out), read, print_authors)
