"""Which workers of a stream are at work, by what Redis tells of its consumers."""

from collections.abc import Iterable, Mapping
from typing import Any

AWAY_SECONDS = 60
"""A worker asks for messages every few seconds; one that holds a batch may wait for its store for longer."""


def has_asked(consumer: Mapping[str, Any], within_seconds: float) -> bool:
    """Returns whether a consumer has asked for messages within these seconds."""
    return int(consumer["idle"]) < within_seconds * 1000


def at_work(consumers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Returns the consumers that asked for messages within AWAY_SECONDS, or hold some. A killed one has neither."""
    return [one for one in consumers if has_asked(one, AWAY_SECONDS) or int(one["pending"])]
