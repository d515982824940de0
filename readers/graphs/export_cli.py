"""`python -m readers export`: writes a network graph as a file for Gephi, igraph or NetworkX, or as a table."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from conf.settings import load_settings
from conf.terminal import ERR, progress
from conf.topic import load_topic
from readers import options
from readers.graphs.options import Backbone, Ego, KCore, MinWeight, Steps, Top, Which, pruning_of
from readers.partitions import whole
from stores.connect import cassandra_session


def export(
    topic: options.Topic,
    graph: Which,
    format_: options.GraphFormat = "gexf",
    out: options.Out = None,
    period: options.Period = "window",
    start: options.From = None,
    end: options.To = None,
    nodes: Annotated[bool, typer.Option("--nodes", help="Nodes instead of edges (csv, ndjson, parquet).")] = False,
    min_weight: MinWeight = 1,
    backbone: Backbone = None,
    ego: Ego = None,
    steps: Steps = 1,
    k_core: KCore = 0,
    top: Top = None,
) -> None:
    """Write a network graph, whole or in part.

    It is that of the last window computed or, with --period, of the last hour or day.
    """
    from readers.graphs.export import XML, kept_of
    from readers.graphs.export import export as write
    from readers.graphs.stored import stored_graph

    if nodes and format_ in XML:
        raise typer.BadParameter(f"--nodes is for csv, ndjson and parquet; {format_} always has both nodes and edges")
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    pruning = pruning_of(min_weight, backbone, ego, steps, k_core, top)
    with cassandra_session(settings) as session, progress() as display:
        shown = out is not None or not sys.stdout.isatty()
        task = display.add_task("export", total=None, note="reading", visible=shown)

        def read_and_write() -> tuple[int, int]:
            found = stored_graph(session, settings.keyspace, topic_file, graph, period, *options.bounds(start, end))
            kept = kept_of(found, pruning)
            row = found.summary
            counts = (int(kept.nodes.sum()), int(kept.edges.sum())) if kept else (row.nodes, row.edges)
            total = sum(counts) if format_ in XML else counts[not nodes]
            display.update(task, total=total, completed=0, note="rows")
            return write(found, kept, format_, out, lambda rows: display.advance(task, rows), nodes=nodes)

        # A file is there once it is whole, so it can be written anew; what went to stdout can't be taken back.
        written = whole(read_and_write) if out else read_and_write()
    ERR.print(_told(written, out), highlight=False)


def _told(written: tuple[int, int], out: Path | None) -> str:
    counts = [f"{count:,} {what}" for count, what in zip(written, ("nodes", "edges"), strict=True) if count]
    return f"{' and '.join(counts) or 'nothing: the graph is empty'}{f' written to {out}' if out else ''}"
