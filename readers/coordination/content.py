"""The network of accounts that act together, as the exports of graphs and their pictures take it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from readers.coordination.stored import Result
from readers.coordination.words import SENTENCE, WHAT
from readers.graphs.content import Content, Type
from readers.graphs.drawing import COLOURS, Drawing, Node, layout
from readers.private import People
from readers.spans import between
from stores.published import utc

MOST_DRAWN = 2000


class _Account(NamedTuple):
    node: str
    label: str
    group: int
    pairs: int
    objects: int
    first_at: Any
    last_at: Any


class _Pair(NamedTuple):
    src: str
    dst: str
    weight: int
    group: int
    occasions: int
    strength: float
    expected: float
    p_value: float
    q_value: float
    q_occasions: float
    mean_delta_seconds: float
    shortest_window: int


_NODES: dict[str, Type] = {
    **{"node": "string", "label": "string", "group": "long", "pairs": "long", "objects": "long"},
    **{"first_at": "time", "last_at": "time"},
}
_EDGES: dict[str, Type] = {
    **{"src": "string", "dst": "string", "weight": "long", "group": "long", "occasions": "long"},
    **{"strength": "double", "expected": "double", "p_value": "double", "q_value": "double", "q_occasions": "double"},
    **{"mean_delta_seconds": "double", "shortest_window": "long"},
}


def title_of(result: Result) -> str:
    """Returns one line that says what was compared, and when, in the topic's time zone."""
    row, topic = result.summary, result.topic
    what = f"accounts that {WHAT[row.kind]} within {row.window_seconds} s"
    span = between(utc(row.period_start), utc(row.period_end), topic)
    return f"{topic.title or topic.topic}: {what}, {span} ({topic.timezone})"


def content_of(result: Result, people: People) -> Content:
    """Returns the groups' accounts as nodes and their significant pairs as edges; the weight is their objects."""

    def nodes() -> Iterator[_Account]:
        for row in result.accounts:
            times = utc(row.first_at), utc(row.last_at)
            name = people.name(row.author)
            yield _Account(people.id(row.author), name, row.group, row.pairs, row.objects, *times)

    def edges() -> Iterator[_Pair]:
        for row in result.pairs:
            ends = people.id(row.src), people.id(row.dst)
            yield _Pair(*ends, row.objects, *(getattr(row, name) for name in list(_EDGES)[3:]))

    title = f"{title_of(result)}. {SENTENCE}"
    return Content(title, False, _NODES, _EDGES, nodes, edges, (len(result.accounts), len(result.pairs)))


def drawing_of(result: Result, people: People) -> Drawing:
    """Returns a drawing: the accounts of most pairs, in the colours of their groups."""
    chosen = sorted(result.accounts, key=lambda row: (-row.pairs, row.group, row.author))[:MOST_DRAWN]
    place = {row.author: number for number, row in enumerate(chosen)}
    ends = [(place[row.src], place[row.dst], row.objects) for row in result.pairs if {row.src, row.dst} <= place.keys()]
    edges = np.array(ends, np.int64).reshape(-1, 3)
    most = max((row.pairs for row in chosen), default=1)
    nodes = [
        Node(people.name(row.author), row.pairs / most, 0, 0, row.group, float(x), float(y), told=_told(row))
        for row, (x, y) in zip(chosen, layout(len(chosen), edges), strict=True)
    ]
    groups = sorted({node.community for node in nodes})
    return Drawing(
        nodes, edges, dict(zip(groups, COLOURS, strict=False)), {group: f"group {group}" for group in groups}
    )


def _told(row: Any) -> str:
    return f"group {row.group}\nsignificant pairs {row.pairs:,}\nobjects {row.objects:,}"
