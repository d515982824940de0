"""The graph settings: the `graph` part of a topic file."""

from pydantic import Field

from conf.part import Part

LOCAL_MAX_EDGES = 20_000_000
"""Graphs with up to this many edges are measured in one process, which then needs about 5 GB."""


class Graphs(Part):
    """How a topic's graphs are measured.

    Graphs with more than `local_max_edges` edges are computed by Spark, all others in one Python process. That process
    needs about 250 bytes of memory per edge; choose the number accordingly.
    """

    local_max_edges: int = Field(LOCAL_MAX_EDGES, ge=0)
