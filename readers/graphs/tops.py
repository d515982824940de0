"""Reads the top nodes of stored graphs, by each measure, as a frame."""

from typing import Any

import pandas as pd

from conf.tables import GRAPH_TOP_NODES, TOP_MEASURES
from readers.graphs.stored import StoredGraph
from readers.partitions import rows_of_period, whole_period

COLUMNS = [name for name in GRAPH_TOP_NODES.columns if name not in ("computed_at",)]


def top_nodes(graph: StoredGraph) -> pd.DataFrame:
    """Returns the rows of `graph_top_nodes` for one graph and period, by measure and rank.

    All are of the summary's run. While another run is being published, this waits some seconds; then it raises
    PulsoError.
    """
    row = graph.summary
    what = f"the {row.graph} graph of {graph.topic.topic}"

    def read() -> Any:
        for measure in TOP_MEASURES:
            key = {**graph.key, "measure": measure}
            yield from rows_of_period(graph.session, graph.keyspace, GRAPH_TOP_NODES, graph.topic, key, COLUMNS)

    rows = whole_period(read, what, row.run_id)
    frame = pd.DataFrame([[getattr(found, name) for name in COLUMNS] for found in rows], columns=COLUMNS)
    for name in ("period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    frame["run_id"] = frame["run_id"].astype("string")
    return frame
