"""Reads the top nodes of a stored graph, for each measure, as a frame."""

import pandas as pd

from conf.tables import GRAPH_TOP_NODES
from readers.graphs.stored import StoredGraph

COLUMNS = [name for name in GRAPH_TOP_NODES.columns if name not in ("computed_at",)]


def top_nodes(graph: StoredGraph) -> pd.DataFrame:
    """Returns the rows of `graph_top_nodes` for one graph and period, by measure and rank.

    Raises Replaced if a later run replaced them during the read.
    """
    rows = graph.rows(GRAPH_TOP_NODES, COLUMNS)
    frame = pd.DataFrame([[getattr(found, name) for name in COLUMNS] for found in rows], columns=COLUMNS)
    for name in ("period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    for name in ("topic", "period", "graph", "measure", "node", "label", "run_id"):
        frame[name] = frame[name].astype("string")
    return frame
