"""Which workers of a stream are at work, by what Redis tells of its consumers."""

from collections.abc import Iterable, Mapping
from typing import Any

AWAY_SECONDS = 60
"""A worker asks for messages every few seconds; one that holds a batch may wait for its store for longer."""


def at_work(consumers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Returns the consumers that asked for messages within AWAY_SECONDS, or hold some. A killed one has neither."""
    return [one for one in consumers if int(one["idle"]) < AWAY_SECONDS * 1000 or int(one["pending"])]
