"""Stores a graph without a job, for tests of readers."""

import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import networkx as nx
from cassandra.cluster import Session

from conf.partitions import bucket_of, period_buckets
from conf.schema import Table
from conf.settings import Settings
from conf.tables import GRAPH_EDGES, GRAPH_NODES, GRAPH_SUMMARY, GRAPH_TOP_NODES, UNDIRECTED_GRAPHS
from conf.topic import Topic
from readers.cli import main
from stores.execute import execute_all
from stores.prepare import prepared

START, END = datetime(2016, 5, 1, tzinfo=UTC), datetime(2016, 5, 3, tzinfo=UTC)
Labels = Mapping[str, str | None]
Weights = Mapping[tuple[str, str], int]


def store(
    weights: Weights,
    session: Session,
    settings: Settings,
    topic: Topic,
    graph: str = "retweet",
    labels: Labels = MappingProxyType({}),
    run_id: uuid.UUID | None = None,
) -> Any:
    """Stores a graph of one window and returns it as a NetworkX graph. Component numbers stand for communities, too.

    A node without one of the `labels` is its own label. In a two-mode graph, edges lead from the first mode. The run
    has an id of its own unless `run_id` is given.
    """
    made = nx.Graph() if graph in UNDIRECTED_GRAPHS else nx.DiGraph()
    made.add_weighted_edges_from((a, b, w) for (a, b), w in weights.items())
    ranks = nx.pagerank(made) if weights else {}
    parts = nx.connected_components(made.to_undirected())
    component = {node: number for number, part in enumerate(sorted(parts, key=len, reverse=True)) for node in part}
    run = {"run_id": run_id or uuid.uuid1(), "computed_at": datetime.now(UTC)}
    key = {"topic": topic.topic, "graph": graph, "period": "window", "period_start": START, "period_end": END, **run}
    buckets = period_buckets(topic.buckets, "window", START, END)
    sided = nx.DiGraph([(a, b, {"weight": w}) for (a, b), w in weights.items()])
    ways = (made.degree, made.degree) if graph == "hashtag" else (sided.in_degree, sided.out_degree)
    nodes = [
        {
            **{**key, "bucket": bucket_of(node, buckets), "node": node, "pagerank": ranks[node]},
            "label": labels.get(node, node),
            **{f"{side}_degree": way[node] for side, way in zip(("in", "out"), ways, strict=True)},
            **{f"{side}_weight": way(weight="weight")[node] for side, way in zip(("in", "out"), ways, strict=True)},
            **{"component": component[node], "community": component[node], "first_at": START, "last_at": END},
        }
        for node in made
    ]
    edges = [
        {
            **{**key, "bucket": bucket_of(b, buckets), "src": a, "dst": b, "weight": w},
            **{"first_at": START, "last_at": START + timedelta(hours=w)},
        }
        for (a, b), w in weights.items()
    ]
    first = sorted(ranks, key=lambda node: (-ranks[node], node))[:100]
    tops = [
        {**key, "measure": measure, "rank": rank, "node": node, "label": labels.get(node, node), "value": float(rank)}
        for measure in ("pagerank", "in_weight", "out_weight", "in_degree", "out_degree")
        for rank, node in enumerate(first, 1)
    ]
    summary = {
        **{**key, "nodes": len(made), "edges": len(edges), "weight": sum(weights.values()), "self_edges": 1},
        **{
            "density": 0.5,
            "reciprocity": None if graph in UNDIRECTED_GRAPHS else 0.25,
            "components": len(set(component.values())),
        },
        **{"giant_share": 1.0, "communities": 1, "modularity": 0.5, "engine": "igraph"},
    }
    for table, rows in (
        (GRAPH_NODES, nodes),
        (GRAPH_EDGES, edges),
        (GRAPH_TOP_NODES, tops),
        (GRAPH_SUMMARY, [summary]),
    ):
        write(session, settings, table, iter(rows))
    return made


def write(session: Session, settings: Settings, table: Table, rows: Iterator[Mapping[str, object]]) -> None:
    """Writes rows, which must have every column of the table."""
    insert = prepared(session, table.insert(settings.keyspace))
    execute_all(session, (insert.bind([row[name] for name in table.columns]) for row in rows), 60)


def some_graph(seed: int = 7, nodes: int = 60, edges: int = 240) -> dict[tuple[str, str], int]:
    """Returns the weights of a drawn graph; its nodes are u0, u1, …"""
    draw = random.Random(seed)
    ends = [sorted(draw.sample(range(nodes), 2), key=lambda _: draw.random()) for _ in range(edges)]
    return {(f"u{a}", f"u{b}"): draw.randint(1, 9) for a, b in ends}


def export(topic: Topic, out: Path, *arguments: str, graph: str = "retweet") -> Path:
    """Runs `readers export` of a stored graph into a file; returns the file."""
    assert main(["export", "--topic", topic.topic, "--graph", graph, "--out", str(out), *arguments]) == 0
    return out
