"""Graphs: both engines against GraphX, bare igraph and NetworkX; and how the distributed engine's time grows."""

import shutil
from collections.abc import Sequence
from statistics import median

import orjson

from bench.commands import python, run
from bench.graph_edges import EDGES_A_NODE, write_edges
from bench.graph_runs import HEAP, PAGERANK_ROUNDS
from bench.lab import Lab
from bench.results import Row, Section, over

TITLE = "PageRank and components from one table of edges with names"
GROWTH = 4
Seconds = dict[str, list[float]]


def benchmark(lab: Lab) -> Section:
    """Runs the engines in turn in one Spark session, NetworkX on a tenth of the edges, and a graph 4 times as large."""
    edges = lab.plan.edges
    sizes = {"whole": edges, "tenth": edges // 10, "grown": edges * GROWTH}
    side = _run(lab, "side-by-side", sizes["whole"], 1 + lab.plan.rounds)
    small = _run(lab, "networkx", sizes["tenth"], 1 + lab.plan.rounds)
    once = _run(lab, "distributed", sizes["whole"], 1)
    grown = _run(lab, "distributed", sizes["grown"], 1)
    rows = _side_rows(edges, side) + _small_rows(sizes["tenth"], small) + _growth_rows(sizes, once, grown)
    return Section(TITLE, rows, _sentences(edges, _later(side), _later(small), once, grown))


def _run(lab: Lab, what: str, edges: int, rounds: int) -> Seconds:
    """Runs one process of bench.graph_runs and returns its seconds; writes its table before and removes it after."""
    folder = lab.work / f"edges-{edges}"
    lab.show(f"graphs: writing {edges:,} edges")
    write_edges(folder, edges)
    lab.show(f"graphs: {what}, {edges:,} edges")
    try:
        told = run(lab, python("bench.graph_runs", what, str(folder), str(rounds))).output.splitlines()[-1]
    finally:
        shutil.rmtree(folder)
    seconds: Seconds = orjson.loads(told)["seconds"]
    return seconds


def _side_rows(edges: int, side: Seconds) -> list[Row]:
    rounds = f"{PAGERANK_ROUNDS} rounds"
    rows = []
    for some, when in ((_first(side), ", cold"), (_later(side), "")):
        local, bare, graphx, distributed = (some[name] for name in ("local", "igraph", "graphx", "distributed"))
        rows += [
            Row(f"local engine, PageRank to 1e-9{when}", edges, local),
            Row(f"bare igraph on ready integers{when}", edges, bare, over(local, bare)),
            Row(f"GraphX inside pyspark, {rounds}{when}", edges, graphx, over(graphx, local)),
            Row(f"distributed engine, {rounds}{when}", edges, distributed, over(distributed, graphx)),
        ]
    return rows


def _small_rows(edges: int, small: Seconds) -> list[Row]:
    rows = []
    for some, when in ((_first(small), ", cold"), (_later(small), "")):
        for what, all_of_it in (("", ""), (", communities too", ", all")):
            ours, theirs = some[f"local{all_of_it}"], some[f"networkx{all_of_it}"]
            rows += [
                Row(f"local engine{what}{when}", edges, ours),
                Row(f"NetworkX{what}{when}", edges, theirs, over(theirs, ours)),
            ]
    return rows


def _first(seconds: Seconds) -> Seconds:
    """Returns the round that started in a new session."""
    return {name: some[:1] for name, some in seconds.items()}


def _later(seconds: Seconds) -> Seconds:
    """Returns the later rounds, to which the targets refer."""
    return {name: some[1:] for name, some in seconds.items()}


def _growth_rows(sizes: dict[str, int], once: Seconds, grown: Seconds) -> list[Row]:
    name, ratio = "distributed", over(grown["distributed"], once["distributed"])
    what = f"distributed engine, {PAGERANK_ROUNDS} rounds, heap {HEAP}"
    return [Row(what, sizes["whole"], once[name]), Row(what, sizes["grown"], grown[name], ratio)]


def _sentences(edges: int, side: Seconds, small: Seconds, once: Seconds, grown: Seconds) -> list[str]:
    growth = over(grown["distributed"], once["distributed"])
    return [
        _held("GraphX's time over the local engine's: at least 5", over(side["graphx"], side["local"]), 5, least=True),
        _held("the local engine's time over bare igraph's: at most 3", over(side["local"], side["igraph"]), 3),
        _held("the distributed engine's time over GraphX's: at most 2", over(side["distributed"], side["graphx"]), 2),
        *(
            _held(
                f"NetworkX's time over the local engine's, {what}: at least 20",
                over(small[f"networkx{which}"], small[f"local{which}"]),
                20,
                least=True,
            )
            for what, which in (("PageRank and components alone", ""), ("all measures", ", all"))
        ),
        _held(f"the distributed engine's time for {GROWTH} times the edges: at most 5 times as long", growth, 5),
        "In this table `posts` counts edges. A ratio compares the two engines that the targets above name, and stands"
        " in the row of the second of the two. The targets refer to the rounds that are not cold.",
        "cold: the first round in a new session, in the order of the rows. Before each later run the same engine"
        " measures a table of 10,000 edges, which is not counted: Spark ends its Python processes after a minute"
        " without work, and NetworkX has no processes to start.",
        f"{edges:,} edges and {edges // EDGES_A_NODE:,} nodes. All engines except bare igraph start from the same"
        " Parquet table of edges with names, and end with figures that need each node's row and name. GraphX's"
        " PageRank takes no weights, which is to its advantage. The distributed engine does as many rounds as GraphX.",
    ]


def _held(what: str, found: Sequence[float], target: float, *, least: bool = False) -> str:
    """Returns a sentence that compares the median ratio with its target."""
    value = median(found)
    met = value >= target if least else value <= target
    return f"Target: {what}: {'met' if met else 'MISSED'}, {value:.1f}."
