"""`python -m readers volume`: shows how many posts a topic had, as a table, or writes it as CSV, JSON or Parquet."""

from typing import Annotated

import typer

from conf.settings import load_settings
from conf.tables import TOPIC_VOLUME
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session


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
    from readers.output import write_frame
    from readers.periods import not_published, read_periods

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    within = options.bounds(start, end)
    where = {"topic": topic_file.topic, "period": period}
    with cassandra_session(settings) as session:
        frame = read_periods(session, settings.keyspace, TOPIC_VOLUME, where, *within)
    if frame.empty:
        raise not_published(f"volume of {topic_file.topic} by {period}", TOPIC_VOLUME, topic_file.topic)
    frame = frame[frame["authors"] >= min_authors]
    if format_ == "table":
        print_volume(frame, topic_file, out_console())
    else:
        write_frame(frame, format_, out)
