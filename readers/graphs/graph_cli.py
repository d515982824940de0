"""`python -m readers graph`: shows a network's figures and top nodes, exports the top nodes, or draws a picture."""

from pathlib import Path
from typing import Annotated

import typer

from conf.errors import WrongUse
from conf.settings import load_settings
from conf.terminal import ERR, out_console, progress
from conf.topic import load_topic
from readers import options
from readers.graphs.options import Backbone, Ego, KCore, MinWeight, Steps, Top, Which, check_asked, pruning_of
from readers.graphs.pruning import Pruning
from readers.graphs.stored import StoredGraph, stored_graph
from readers.partitions import whole
from stores.connect import cassandra_session

MOST_DRAWN = {"png": 300, "html": 2000}
"""The most nodes in a picture, chosen by PageRank, unless --top says otherwise."""


def graph(
    topic: options.Topic,
    graph: Which = "retweet",
    period: options.Period = "window",
    start: options.From = None,
    end: options.To = None,
    format_: options.SummaryFormat = "table",
    out: options.Out = None,
    png: Annotated[Path | None, typer.Option(help="Draw the graph into this PNG file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write an interactive page into this file.")] = None,
    min_weight: MinWeight = 1,
    backbone: Backbone = None,
    ego: Ego = None,
    steps: Steps = 1,
    k_core: KCore = 0,
    top: Top = None,
) -> None:
    """Show a network graph: its figures and top nodes or, with --png or --html, a picture of all or a part of it."""
    from readers.graphs.tops import top_nodes
    from readers.graphs.view import print_graph
    from readers.output import write_frame

    if png and html:
        raise WrongUse("--png and --html can't be used together", "Give one of them")
    pruning = pruning_of(min_weight, backbone, ego, steps, k_core, None)
    if not (png or html) and (not pruning.nothing or top):
        raise WrongUse("options that choose a part need --png or --html", "Give one, or use the command export")
    settings = load_settings()
    topic_file = load_topic(topic, settings.topics_dir)
    check_asked(topic_file, graph)
    with cassandra_session(settings) as session:

        def read() -> StoredGraph:
            return stored_graph(session, settings.keyspace, topic_file, graph, period, *options.bounds(start, end))

        if png or html:
            most = top or MOST_DRAWN["png" if png else "html"]
            pruning = pruning_of(min_weight, backbone, ego, steps, k_core, most)
            whole(lambda: _picture(read(), pruning, png, html))
            return
        found, tops = whole(lambda: ((one := read()), top_nodes(one)))
    if format_ == "table":
        print_graph(found, tops, out_console())
    else:
        write_frame(tops, format_, out)


def _picture(found: StoredGraph, pruning: Pruning, png: Path | None, html: Path | None) -> None:
    from readers.graphs.content import title_of
    from readers.graphs.drawing import draw
    from readers.graphs.view import figures

    with progress(counted=False) as display:
        display.add_task("graph", total=None, note="reading and drawing")
        drawing = draw(found, pruning)
        whole = f"{len(drawing.nodes):,} nodes and {len(drawing.edges):,} edges drawn, of: {figures(found.summary)}"
        if png:
            from readers.graphs.png import write_png

            write_png(drawing, title_of(found), whole, png)
        elif html:
            from readers.graphs.page import write_page

            write_page(drawing, title_of(found), whole, html)
    ERR.print(
        f"{len(drawing.nodes):,} nodes and {len(drawing.edges):,} edges drawn into {png or html}", highlight=False
    )
