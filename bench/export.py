"""Export: writes a stored graph of a million edges as GEXF, measures the memory used, and reads the file back."""

import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import iterparse

import pyarrow.parquet as pq

from bench.commands import python, run
from bench.graph_edges import write_edges
from bench.lab import TOPIC, Lab
from bench.results import Row, Section
from conf.errors import PulsoError
from conf.partitions import bucket_of, period_buckets
from conf.schema import Table
from conf.tables import GRAPH_EDGES, GRAPH_NODES, GRAPH_SUMMARY
from ingest.write.migrate import migrate
from stores.execute import execute_all
from stores.prepare import prepared

TITLE = "a graph to GEXF"
MOST_MB = 150
_NAMESPACE = "{http://www.gexf.net/1.2draft}"
Edge = tuple[str, str, int]


def benchmark(lab: Lab) -> Section:
    """Stores a graph, exports it with the command, and compares both. Raises PulsoError if they differ."""
    own = lab.in_keyspace("bench_export")
    list(migrate(own.session, own.settings))
    folder, file = own.work / "export", own.work / "graph.gexf"
    write_edges(folder, lab.plan.export_edges)
    stored = _edges(folder)
    shutil.rmtree(folder)
    lab.show(f"export: storing {len(stored):,} edges")
    nodes = _store(own, stored)
    seconds, peaks = list[float](), list[float]()
    for number in range(1, lab.plan.rounds + 1):
        lab.show(f"export: round {number} of {lab.plan.rounds}")
        what = python("readers", "export", "--topic", TOPIC, "--graph", "retweet", "--out", str(file))
        ended = run(own, python("bench.peak", *what))
        seconds.append(ended.seconds)
        peaks.append(int(ended.output.split()[-1]) / 1e6)
    lab.show("export: reading the file back")
    size = file.stat().st_size / 1e6
    if _read_back(file) != (nodes, sorted(stored)):
        raise PulsoError("the exported file does not hold the stored graph")
    own.drop()
    held = "met" if max(peaks) <= MOST_MB else "MISSED"
    return Section(
        TITLE,
        [Row(f"`readers export`, {len(nodes):,} nodes, {size:.0f} MB", len(stored), seconds)],
        [
            f"Target: at most {MOST_MB} MB of memory: {held}; {max(peaks):.0f} MB at most.",
            "In this table `posts` counts edges. The file, read back, holds the same nodes, edges and weights.",
        ],
    )


def _edges(folder: Path) -> list[Edge]:
    table = pq.read_table(folder, columns=["src", "dst", "weight"])
    return list(zip(*(table[name].to_pylist() for name in ("src", "dst", "weight")), strict=True))


def _store(lab: Lab, edges: list[Edge]) -> set[str]:
    """Writes a graph of one window into the tables, with dummy values for most measures; returns its nodes."""
    start, end = datetime(2016, 2, 9, tzinfo=UTC), datetime(2016, 5, 10, tzinfo=UTC)
    buckets = period_buckets(lab.topic.buckets, "window", start, end)
    key = {"topic": TOPIC, "graph": "retweet", "period": "window", "period_start": start, "period_end": end}
    run_ = {"run_id": uuid.uuid1(), "computed_at": end, "first_at": start, "last_at": end}
    nodes = {end for src, dst, _ in edges for end in (src, dst)}

    def edge_rows() -> Iterator[dict[str, Any]]:
        for src, dst, weight in edges:
            yield {**key, **run_, "bucket": bucket_of(dst, buckets), "src": src, "dst": dst, "weight": weight}

    def node_rows() -> Iterator[dict[str, Any]]:
        measures = {name: 1 for name, column in GRAPH_NODES.columns.items() if column.cql == "bigint"}
        for node in nodes:
            yield {
                **key,
                **run_,
                **measures,
                "bucket": bucket_of(node, buckets),
                "node": node,
                "label": node,
                "pagerank": 1 / len(nodes),
            }

    summary = {name: 0 for name, column in GRAPH_SUMMARY.columns.items() if column.cql in ("bigint", "double")}
    summary |= {"nodes": len(nodes), "edges": len(edges)}
    _write(lab, GRAPH_EDGES, edge_rows())
    _write(lab, GRAPH_NODES, node_rows())
    _write(lab, GRAPH_SUMMARY, iter([{**key, **run_, **summary, "engine": "igraph"}]))
    return nodes


def _write(lab: Lab, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    insert = prepared(lab.session, table.insert(lab.settings.keyspace))
    execute_all(lab.session, (insert.bind([row[name] for name in table.columns]) for row in rows), 60)


def _read_back(file: Path) -> tuple[set[str], list[Edge]]:
    nodes, edges = set[str](), list[Edge]()
    for _, element in iterparse(file):
        if element.tag == f"{_NAMESPACE}node":
            nodes.add(element.attrib["id"])
        elif element.tag == f"{_NAMESPACE}edge":
            edges.append((element.attrib["source"], element.attrib["target"], int(element.attrib["weight"])))
        element.clear()
    return nodes, sorted(edges)
