"""`python -m readers export`: writes a network graph as a file for Gephi, igraph or NetworkX, or as a table."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from cassandra.cluster import Session

from conf.errors import WrongUse
from conf.settings import load_settings
from conf.terminal import ERR, progress
from conf.topic import Topic, load_topic
from readers import options
from readers.graphs.content import Content, of_graph, of_graphs
from readers.graphs.export import XML, kept_of
from readers.graphs.export import export as write
from readers.graphs.options import (
    ALL,
    Backbone,
    By,
    Ego,
    KCore,
    MinWeight,
    Project,
    Steps,
    TopOrStrongest,
    WhichOrAll,
    exported,
    pruning_of,
)
from readers.graphs.pruning import Pruning
from readers.graphs.stored import NoGraph, stored_graph, stored_graphs
from readers.partitions import whole
from stores.connect import cassandra_session


def export(
    topic: options.Topic,
    graph: WhichOrAll = None,
    format_: options.GraphFormat = None,
    out: options.Out = None,
    period: options.Period = "window",
    start: options.From = None,
    end: options.To = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="Nodes instead of edges (csv, ndjson, parquet).")] = False,
    project: Project = None,
    by: By = None,
    min_weight: MinWeight = 1,
    backbone: Backbone = None,
    ego: Ego = None,
    steps: Steps = 1,
    k_core: KCore = 0,
    top: TopOrStrongest = None,
    if_any: Annotated[
        bool, typer.Option("--if-any", help="Write nothing, and do not fail, if no graph has been published.")
    ] = False,
) -> None:
    """Write a network graph, whole or in part, or all graphs as one table, or a projection.

    It is that of the last window computed or, with --period, of the last hour or day.
    """
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    which = exported(topic_file, graph, project, by)
    format_ = format_ or ("csv" if which == ALL else "gexf")
    pruning = pruning_of(min_weight, backbone, ego, steps, k_core, None if project else top)
    _check(which, format_, pruning, nodes=nodes, projected=bool(project))
    with cassandra_session(settings) as session:
        asked = (session, settings.keyspace, topic_file)
        bounds = options.bounds(start, end)
        content = partial(_content, asked, which, (period, *bounds), pruning, (project, by or "count", top))
        try:
            told = _write(content, format_, out, nodes=nodes)
        except NoGraph as none:
            if not if_any:
                raise
            told = f"nothing written: {none.what}"
    ERR.print(told, highlight=False, soft_wrap=True)


def _check(which: str, format_: str, pruning: Pruning, *, nodes: bool, projected: bool) -> None:
    """Raises an error if the options do not fit together."""
    if nodes and format_ in XML:
        raise typer.BadParameter(f"--nodes is for csv, ndjson and parquet; {format_} always has both nodes and edges")
    if which == ALL and (format_ in XML or pruning.ego):
        wrong = f"--graph {ALL} is a table, and {format_} has one graph" if format_ in XML else "--ego is of one graph"
        raise WrongUse(wrong, "Give --format csv, ndjson or parquet" if format_ in XML else "Give one --graph")
    if projected and not pruning.nothing:
        raise WrongUse("a projection is made of the whole graph", "Of what leaves out parts, give only --top")


def _content(
    asked: tuple[Session, str, Topic],
    which: str,
    period: tuple[Any, ...],
    pruning: Pruning,
    projection: tuple[Any, ...],
) -> tuple[Content, str]:
    """Returns the graph, the graphs or the projection that is asked for, and what must be told of it."""
    if which == ALL:
        return of_graphs([(one, kept_of(one, pruning)) for one in stored_graphs(*asked, *period)]), ""
    one = stored_graph(*asked, which, *period)
    project, by, top = projection
    if not project:
        return of_graph(one, kept_of(one, pruning)), ""
    from readers.graphs.projected import of_projection
    from readers.graphs.projection import TOP

    return of_projection(one, project, by, top or TOP)


def _write(content: Callable[[], tuple[Content, str]], format_: str, out: Path | None, *, nodes: bool) -> str:
    """Writes what `content` returns; returns what must be told of it."""
    with progress() as display:
        shown = out is not None or not sys.stdout.isatty()
        task = display.add_task("export", total=None, note="reading", visible=shown)

        def read_and_write() -> str:
            found, told = content()
            total = sum(found.counts) if format_ in XML else found.counts[not nodes]
            display.update(task, total=total, completed=0, note="rows")
            written = write(found, format_, out, lambda rows: display.advance(task, rows), nodes=nodes)
            return "; ".join(filter(None, [_told(written, out), told]))

        # A file is there once it is whole, so it can be written anew; what went to stdout can't be taken back.
        return whole(read_and_write) if out else read_and_write()


def _told(written: tuple[int, int], out: Path | None) -> str:
    counts = [f"{count:,} {what}" for count, what in zip(written, ("nodes", "edges"), strict=True) if count]
    return f"{' and '.join(counts) or 'nothing: the graph is empty'}{f' written to {out}' if out else ''}"
