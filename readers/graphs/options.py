"""The options that the commands `graph` and `export` share: which graph, and how to prune it."""

from typing import Annotated

import typer

from conf import tables
from readers.graphs.pruning import Pruning

Which = Annotated[tables.Graph, typer.Option("--graph", "-g", help="Which graph to read.")]
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


def pruning_of(
    min_weight: int, backbone: float | None, ego: str | None, steps: int, k_core: int, top: int | None
) -> Pruning:
    """Returns the pruning of these options. In `ego`, a leading @ or # and capital letters are allowed."""
    return Pruning(min_weight, backbone, ego.lstrip("@#").casefold() if ego else None, steps, k_core, top)
