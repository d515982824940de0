"""`python -m readers top`: shows what most posts share, as tables, or writes it as CSV, JSON or Parquet."""

from typing import Annotated

import typer

from conf import tables
from conf.errors import WrongUse
from conf.settings import load_settings
from conf.tables import ITEM_KINDS, TOP_ITEMS
from conf.terminal import out_console
from conf.topic import load_topic
from readers import options
from stores.connect import cassandra_session

SHOWN = 20
"""Items of each kind and period in a table unless --limit says otherwise; files contain all."""


def top(
    topic: options.Topic,
    kind: Annotated[tables.ItemKind | None, typer.Option(help="Kind of items; all kinds if left out.")] = None,
    candidate: Annotated[
        str | None, typer.Option(help="Only items that are most typical of this candidate's posts; by day or window.")
    ] = None,
    period: options.Period = "window",
    start: options.From = None,
    end: options.To = None,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
    min_authors: Annotated[int, typer.Option(help="Leave out items of fewer authors.", min=0)] = 0,
    limit: Annotated[
        int | None, typer.Option(help=f"Items of each kind and period; default {SHOWN} in a table, else all.", min=1)
    ] = None,
) -> None:
    """Show the sites, links, media, languages, apps, accounts, places of most posts, and the words that burst."""
    import pandas as pd

    from readers.items.items_view import print_items
    from readers.output import write_frame
    from readers.periods import not_published, read_periods

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    known = sorted({c.id for race in topic_file.races for c in race.candidates})
    if candidate and candidate not in known:
        raise WrongUse(f"topic {topic} has no candidate {candidate!r}", f"It has: {', '.join(known) or 'none'}")
    if candidate and period == "hour":
        raise WrongUse("which items are typical of a candidate is not known by hour", "Give --period day or window")
    within = options.bounds(start, end)
    kinds = [kind] if kind else ITEM_KINDS
    wheres = [{"topic": topic_file.topic, "kind": each, "period": period} for each in kinds]
    with cassandra_session(settings) as session:
        frames = [read_periods(session, settings.keyspace, TOP_ITEMS, where, *within) for where in wheres]
    frames = [frame for frame in frames if not frame.empty]
    if not frames:
        what = f"list of items of {topic_file.topic} by {period}{f' and of the kind {kind}' if kind else ''}"
        raise not_published(what, TOP_ITEMS, topic_file.topic)
    frame = pd.concat(frames, ignore_index=True)
    frame = frame[frame["authors"] >= min_authors]
    if candidate:
        frame = frame[(frame["candidate"] == candidate).fillna(value=False)]
    most = limit or (SHOWN if format_ == "table" else None)
    if most:
        frame = frame.groupby(["kind", "period_start", "period_end"], sort=False).head(most)
    if format_ == "table":
        print_items(frame, topic_file, out_console())
    else:
        write_frame(frame, format_, out)
