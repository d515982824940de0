"""`python -m readers volume`: shows how many posts a topic had, as a table, or writes it as CSV, JSON or Parquet."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from conf.tables import TOPIC_VOLUME
from conf.topic import Topic
from readers import options
from readers.shown import show

if TYPE_CHECKING:
    import pandas as pd


def volume(
    topic: options.Topic,
    period: options.Period = "window",
    start: options.From = None,
    end: options.To = None,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
    min_authors: Annotated[int, typer.Option(help="Leave out periods with fewer authors.", min=0)] = 0,
) -> None:
    """Show how many posts a topic had, of which kinds, and by how many authors."""
    from readers.items.items_view import print_volume
    from readers.periods import not_published, read_periods

    def read(session: Any, keyspace: str, of: Topic, **within: Any) -> "pd.DataFrame":
        frame = read_periods(session, keyspace, TOPIC_VOLUME, {"topic": of.topic, "period": period}, **within)
        if frame.empty:
            raise not_published(f"volume of {of.topic} by {period}", TOPIC_VOLUME, of.topic)
        return frame[frame["authors"] >= min_authors]

    show(topic, (start, end), (format_, out), read, print_volume)
