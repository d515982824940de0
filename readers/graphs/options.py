"""What the options of `graph` and `export` have in common: which graph, and what of it."""

from enum import StrEnum
from typing import Annotated

import typer

from readers.graphs.pruning import Pruning


class Graph(StrEnum):
    """The graphs (DESIGN 5)."""

    RETWEET = "retweet"
    REPLY = "reply"
    QUOTE = "quote"
    MENTION = "mention"
    HASHTAG = "hashtag"


Which = Annotated[Graph, typer.Option("--graph", "-g", help="Which graph.")]
MinWeight = Annotated[int, typer.Option(help="Edges of at least so many posts.", min=1)]
Backbone = Annotated[
    float | None,
    typer.Option(help="Edges that stand out at this level, such as 0.05 (disparity filter).", min=0, max=1),
]
Ego = Annotated[str | None, typer.Option(help="This node, and all within --steps edges of it.")]
Steps = Annotated[int, typer.Option(help="How far from --ego.", min=1)]
KCore = Annotated[int, typer.Option(help="Nodes that keep so many neighbours among each other.", min=0)]
Top = Annotated[int | None, typer.Option(help="So many nodes by PageRank.", min=1)]


def pruning_of(
    min_weight: int, backbone: float | None, ego: str | None, steps: int, k_core: int, top: int | None
) -> Pruning:
    """The pruning that the options ask for; an ego as a person may write it, with @ or # and in capitals."""
    return Pruning(min_weight, backbone, ego.lstrip("@#").casefold() if ego else None, steps, k_core, top)
