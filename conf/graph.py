"""The graph settings: the `graph` part of a topic file."""

from typing import get_args

from pydantic import Field, field_validator

from conf.part import Part
from conf.tables import GRAPHS, TWO_MODE_GRAPHS, Graph, TwoModeGraph

LOCAL_MAX_EDGES = 20_000_000
"""Graphs with up to this many edges are measured in one process, which then needs about 5 GB."""


class Graphs(Part):
    """Which graphs a topic has, and how they are measured.

    `kinds` names the graphs with two kinds of nodes that are made, too; without it, there are none.

    Graphs with more than `local_max_edges` edges are computed by Spark, all others in one Python process. That process
    needs about 250 bytes of memory per edge; choose the number accordingly.
    """

    kinds: tuple[TwoModeGraph, ...] = ()
    local_max_edges: int = Field(LOCAL_MAX_EDGES, ge=0)

    @field_validator("kinds", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("kinds")
    @classmethod
    def _in_one_order(cls, value: tuple[TwoModeGraph, ...]) -> tuple[TwoModeGraph, ...]:
        return tuple(kind for kind in get_args(TwoModeGraph) if kind in value)

    @property
    def made(self) -> tuple[Graph, ...]:
        """The topic's graphs."""
        return tuple(graph for graph in GRAPHS if graph not in TWO_MODE_GRAPHS or graph in self.kinds)
