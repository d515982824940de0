"""The graph settings: the `graph` part of a topic file."""

from pydantic import Field

from conf.part import Part

LOCAL_MAX_EDGES = 20_000_000
"""Edges up to which a graph is measured in one process: about 5 GB there."""


class Graphs(Part):
    """How a topic's graphs are measured.

    `local_max_edges`: a graph of more edges goes to the distributed engine. Set it by the memory that an executor's
    Python process may take, about 250 bytes an edge.
    """

    local_max_edges: int = Field(LOCAL_MAX_EDGES, ge=0)
