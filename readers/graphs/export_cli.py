"""`python -m readers export`: writes a network graph as a file for Gephi, igraph or NetworkX, or as a table."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conf.errors import WrongUse
from conf.settings import load_settings
from conf.terminal import ERR, progress
from conf.topic import load_topic
from readers import options
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
from readers.partitions import whole
from stores.connect import cassandra_session

if TYPE_CHECKING:
    from readers.graphs.content import Content


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
    from readers.graphs.content import of_graph, of_graphs
    from readers.graphs.export import XML, kept_of
    from readers.graphs.export import export as write
    from readers.graphs.stored import NoGraph, stored_graph, stored_graphs

    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    which = exported(topic_file, graph, project, by)
    format_ = format_ or ("csv" if which == ALL else "gexf")
    if nodes and format_ in XML:
        raise typer.BadParameter(f"--nodes is for csv, ndjson and parquet; {format_} always has both nodes and edges")
    if which == ALL and (format_ in XML or ego):
        wrong = f"--graph {ALL} is a table, and {format_} has one graph" if format_ in XML else "--ego is of one graph"
        raise WrongUse(wrong, "Give --format csv, ndjson or parquet" if format_ in XML else "Give one --graph")
    pruning = pruning_of(min_weight, backbone, ego, steps, k_core, None if project else top)
    if project and not pruning.nothing:
        raise WrongUse("a projection is made of the whole graph", "Of what leaves out parts, give only --top")
    cut = list[str]()
    with cassandra_session(settings) as session, progress() as display:
        shown = out is not None or not sys.stdout.isatty()
        task = display.add_task("export", total=None, note="reading", visible=shown)
        asked = (session, settings.keyspace, topic_file)
        bounds = options.bounds(start, end)

        def content() -> "Content":
            if which == ALL:
                found = stored_graphs(*asked, period, *bounds)
                return of_graphs([(one, kept_of(one, pruning)) for one in found])
            one = stored_graph(*asked, which, period, *bounds)
            if not project:
                return of_graph(one, kept_of(one, pruning))
            from readers.graphs.projected import of_projection
            from readers.graphs.projection import TOP

            made, told = of_projection(one, project, by or "count", top or TOP)
            cut[:] = [told]
            return made

        def read_and_write() -> tuple[int, int]:
            found = content()
            total = sum(found.counts) if format_ in XML else found.counts[not nodes]
            display.update(task, total=total, completed=0, note="rows")
            return write(found, format_, out, lambda rows: display.advance(task, rows), nodes=nodes)

        # A file is there once it is whole, so it can be written anew; what went to stdout can't be taken back.
        try:
            written = whole(read_and_write) if out else read_and_write()
        except NoGraph as none:
            if not if_any:
                raise
            ERR.print(f"nothing written: {none.what}", highlight=False, soft_wrap=True)
            return
    ERR.print("; ".join([_told(written, out), *cut]), highlight=False, soft_wrap=True)


def _told(written: tuple[int, int], out: Path | None) -> str:
    counts = [f"{count:,} {what}" for count, what in zip(written, ("nodes", "edges"), strict=True) if count]
    return f"{' and '.join(counts) or 'nothing: the graph is empty'}{f' written to {out}' if out else ''}"
