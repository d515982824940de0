"""`python -m readers coordination`: shows groups of accounts that act together, draws them, or writes their graph."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from conf import tables
from conf.errors import PulsoError, WrongUse
from conf.settings import load_settings
from conf.terminal import ERR, out_console
from conf.topic import load_topic
from readers import options
from readers.coordination.words import SENTENCE
from readers.partitions import whole
from readers.private import UNNAMED, Naming, People
from stores.connect import cassandra_session

if TYPE_CHECKING:
    from readers.coordination.stored import Result

Format = Literal["table", "gexf", "graphml", "csv", "ndjson", "parquet"]


def coordination(
    topic: options.Topic,
    kind: Annotated[tables.CoordinationKind, typer.Option(help="What the accounts share.")] = "link",
    group: Annotated[int | None, typer.Option(help="One group alone, by its number.", min=1)] = None,
    period: Annotated[Literal["day", "window"], typer.Option(help="Length of the period.")] = "window",
    start: options.From = None,
    end: options.To = None,
    format_: Annotated[
        Format, typer.Option("--format", help="A table, a graph's file, or its pairs as rows.")
    ] = "table",
    out: options.Out = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="Accounts instead of pairs (csv, ndjson, parquet).")] = False,
    png: Annotated[Path | None, typer.Option(help="Draw the groups into this PNG file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write an interactive page into this file.")] = None,
    min_followers: options.MinFollowers = options.PUBLIC_FROM,
) -> None:
    """Show which accounts act together more than chance. This says nothing of why, or of who they are."""
    from readers.coordination.stored import read_result

    if png and html:
        raise WrongUse("--png and --html can't be used together", "Give one of them")
    if nodes and format_ not in ("csv", "ndjson", "parquet"):
        raise WrongUse("--nodes is for csv, ndjson and parquet", "Give one of these as --format")
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    bounds = options.bounds(start, end)
    with cassandra_session(settings) as session:
        found = whole(lambda: read_result(session, settings.keyspace, topic_file, kind, period, *bounds)).only(group)
    naming = Naming(topic_file, min_followers)
    people = People(found.accounts, naming, unnamed="" if png else UNNAMED)  # a picture needs no such names
    if png or html:
        _picture(found, people, png, html)
    elif format_ == "table":
        from readers.coordination.coordination_view import print_result

        print_result(found, people, out_console(), detailed=group is not None)
    else:
        _write(found, people, format_, out, nodes=nodes)


def _write(found: "Result", people: People, format_: str, out: Path | None, *, nodes: bool) -> None:
    from readers.coordination.content import content_of
    from readers.graphs.export import export

    accounts, pairs = export(content_of(found, people), format_, out, lambda _: None, nodes=nodes)
    where = f" written to {out}" if out else ""
    ERR.print(f"{accounts:,} accounts and {pairs:,} pairs{where}. {SENTENCE}", highlight=False, soft_wrap=True)


def _picture(found: "Result", people: People, png: Path | None, html: Path | None) -> None:
    from readers.coordination.content import drawing_of, title_of

    if not found.accounts:
        raise PulsoError("there is no group to draw", "Leave out --png and --html to see the figures")
    drawing = drawing_of(found, people)
    figures = f"{len(drawing.nodes):,} accounts of {len(found.groups):,} groups drawn. {SENTENCE}"
    if png:
        from readers.graphs.png import write_png

        write_png(drawing, title_of(found), figures, png)
    elif html:
        from readers.graphs.page import write_page

        write_page(drawing, title_of(found), figures, html)
    ERR.print(f"{figures} In {png or html}", highlight=False, soft_wrap=True)
