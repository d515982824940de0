"""Prints a graph for people: its figures, and its top nodes by three measures."""

from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from conf.plain import one_line
from conf.tables import TWO_MODE_GRAPHS
from readers.graphs.names import name_shown
from readers.graphs.stored import StoredGraph

SHOWN = 10
LONGEST_NAME = 26
DIRECTED = {"pagerank": "PageRank", "in_weight": "posts in", "out_weight": "posts out"}
UNDIRECTED = {"pagerank": "PageRank", "in_weight": "posts", "in_degree": "neighbours"}
TWO_MODE = {"pagerank": "PageRank", "out_weight": "posts: {}s", "in_weight": "posts: {}s"}
WHAT = {
    "retweet": "who retweets whom",
    "reply": "who replies to whom",
    "quote": "who quotes whom",
    "mention": "who mentions whom",
    "hashtag": "which hashtags are used together",
    "author_host": "who links to which site",
    "author_hashtag": "who uses which hashtag",
    "hashtag_host": "which hashtags are used with links to which site",
}


def print_graph(graph: StoredGraph, tops: pd.DataFrame, console: Console, shown: int = SHOWN) -> None:
    """Prints the graph's figures and a table of its `shown` top nodes."""
    row, topic = graph.summary, graph.topic
    console.print(Text(f"{WHAT[row.graph].capitalize()}: {topic.title or topic.topic}", style="bold"))
    span = [f"{at.tz_convert(topic.zone):%Y-%m-%d %H:%M}" for at in _utc(row.period_start, row.period_end)]
    console.print(f"{span[0]} to {span[1]} ({topic.timezone})")
    console.print(figures(row))
    measures = measures_of(graph)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right")
    for title in measures.values():
        table.add_column(f"by {title}", no_wrap=True, overflow="ellipsis", max_width=LONGEST_NAME)
        table.add_column("", justify="right", no_wrap=True)
    for cells in _cells(tops, measures, shown):
        table.add_row(*cells)
    if not tops.empty:
        console.print(table)
    console.print()


def measures_of(graph: StoredGraph) -> dict[str, str]:
    """Returns the measures that are shown, with their titles."""
    modes = iter(TWO_MODE_GRAPHS.get(graph.summary.graph, ()))
    if graph.summary.graph in TWO_MODE_GRAPHS:
        return {name: title.format(next(modes)) if "{}" in title else title for name, title in TWO_MODE.items()}
    return DIRECTED if graph.directed else UNDIRECTED


def figures(row: Any) -> str:
    """Returns a graph's figures as one line."""
    told = [f"{row.nodes:,} nodes", f"{row.edges:,} edges of {row.weight:,} posts"]
    if row.self_edges:
        told.append(f"{row.self_edges:,} self-edges left out")
    if row.nodes:
        told.append(f"{row.components:,} components, the largest with {row.giant_share:.1%} of the nodes")
        told.append(f"{row.communities:,} communities (modularity {row.modularity:.2f})")
    if row.reciprocity is not None:
        told.append(f"reciprocity {row.reciprocity:.1%}")
    return "; ".join(told)


def _cells(tops: pd.DataFrame, measures: dict[str, str], shown: int) -> list[list[Text | str]]:
    by_measure = {name: rows.sort_values("rank").head(shown) for name, rows in tops.groupby("measure")}
    found = []
    for rank in range(1, min(shown, int(tops["rank"].max()) if len(tops) else 0) + 1):
        cells: list[Text | str] = [str(rank)]
        for measure in measures:
            row = by_measure[measure].iloc[rank - 1]
            value = f"{row['value']:.2%}" if measure == "pagerank" else f"{int(row['value']):,}"
            cells += [Text(one_line(name_shown(row["node"], row["label"]))), value]
        found.append(cells)
    return found


def _utc(*instants: Any) -> list[pd.Timestamp]:
    return [pd.Timestamp(at, tz="UTC") for at in instants]
