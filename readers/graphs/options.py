"""The options that the commands `graph` and `export` share: which graph, and how to prune it."""

from typing import Annotated, Literal

import typer

from conf import tables
from conf.errors import WrongUse
from conf.topic import Topic
from readers.graphs.pruning import Pruning

ALL = "all"
Which = Annotated[tables.Graph, typer.Option("--graph", "-g", help="Which graph to read.")]
WhichOrAll = Annotated[
    Literal[tables.Graph, "all"] | None,
    typer.Option("--graph", "-g", help="Which graph to read; all: every graph of the topic, as one table."),
]
Project = Annotated[
    tables.Mode | None,
    typer.Option(help="Project a graph with two kinds of nodes onto one: nodes that share items are joined."),
]
By = Annotated[
    Literal["count", "jaccard", "cosine"] | None,
    typer.Option(help="The weight of a projection's edges: number of shared items (if left out), or how alike."),
]
MinWeight = Annotated[int, typer.Option(help="Keep edges of at least this many posts.", min=1)]
Backbone = Annotated[
    float | None,
    typer.Option(help="Keep edges that are significant at this level, such as 0.05 (disparity filter).", min=0, max=1),
]
Ego = Annotated[
    str | None,
    typer.Option(help="Keep this account (handle or node) or hashtag, and all nodes within --steps edges of it."),
]
Steps = Annotated[int, typer.Option(help="The most edges between --ego and a node.", min=1)]
KCore = Annotated[int, typer.Option(help="Keep nodes with at least this many neighbours that are kept, too.", min=0)]
Top = Annotated[int | None, typer.Option(help="Keep this many nodes, the first by PageRank.", min=1)]
TopOrStrongest = Annotated[
    int | None,
    typer.Option(
        help="Keep this many nodes, the first by PageRank; with --project, each node's strongest edges (50).", min=1
    ),
]


def pruning_of(
    min_weight: int, backbone: float | None, ego: str | None, steps: int, k_core: int, top: int | None
) -> Pruning:
    """Returns the pruning of these options."""
    return Pruning(min_weight, backbone, ego, steps, k_core, top)


def check_asked(topic: Topic, graph: str) -> None:
    """Raises WrongUse if a topic does not ask for a graph; the error says how to ask."""
    if graph not in topic.graph.made:
        kinds = ", ".join([*topic.graph.kinds, graph])
        raise WrongUse(
            f"topic {topic.topic} does not ask for the graph {graph}",
            f"Write `graph: {{kinds: [{kinds}]}}` in its file, and run jobs/network_graph.py again",
        )


def exported(topic: Topic, graph: str | None, project: str | None, by: str | None) -> str:
    """Returns which graph to export, or ALL. Raises WrongUse if the options do not fit together, or the topic."""
    of_mode = [kind for kind, modes in tables.TWO_MODE_GRAPHS.items() if project in modes]
    if by and not project:
        raise WrongUse("--by weighs the edges of a projection", f"Give --project {', '.join(tables.MODES)} as well")
    if graph is None and project:
        graph = _only([kind for kind in of_mode if kind in topic.graph.kinds] or of_mode[:1], project)
    if graph is None:
        raise WrongUse("--graph is missing", f"Give one of {', '.join(topic.graph.made)}, or {ALL}")
    if project and graph not in tables.TWO_MODE_GRAPHS:
        what = "takes one graph" if graph == ALL else f"needs a graph with two kinds of nodes, and {graph} has one"
        raise WrongUse(f"--project {what}", f"Give --graph {' or '.join(of_mode)}")
    if project and graph not in of_mode:
        modes = " or ".join(tables.TWO_MODE_GRAPHS[graph])
        raise WrongUse(f"the graph {graph} has no {project}s", f"Give --project {modes}, or --graph {of_mode[0]}")
    if graph != ALL:
        check_asked(topic, graph)
    return graph


def _only(kinds: list[str], project: str) -> str:
    """Returns the one graph that can be projected. Raises WrongUse if there are several."""
    if len(kinds) > 1:
        raise WrongUse(f"the topic has several graphs of {project}s", f"Give --graph {' or '.join(kinds)}")
    return kinds[0]
