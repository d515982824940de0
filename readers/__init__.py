"""Readers: show results and posts as tables, files and pictures, for people, notebooks and programs.

In a notebook: `from readers import cql, graph, groups, poll, posts, posts_in_parts, replies, trends`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readers.notebook.posts import posts, posts_in_parts
    from readers.notebook.summaries import cql, graph, groups, poll, replies, trends

__all__ = ["cql", "graph", "groups", "poll", "posts", "posts_in_parts", "replies", "trends"]
_HOMES = {"posts": "posts", "posts_in_parts": "posts"}


def __getattr__(name: str) -> Any:
    """Imports what a notebook asks for when it asks: a command that needs no pandas does not wait for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"readers.notebook.{_HOMES.get(name, 'summaries')}"), name)
