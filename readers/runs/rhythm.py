"""When the next run of a job is expected, from the distances of its last ones: no schedule is known to a reader."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

LEAST, REGULAR = 4, 1.5
"""The runs that show a rhythm, at least; and how much longer than the usual distance each of them may be."""


def next_run(rows: Sequence[Any]) -> datetime | None:
    """Returns when the next run is expected to start; None where the last runs did not come regularly.

    `rows` are the newest runs of one job, newest first, as `job_runs` has them; failed runs count, too.
    """
    starts = [row.started_at for row in rows[:8]]
    distances = [later - earlier for later, earlier in pairwise(starts)]
    if len(starts) < LEAST or not (usual := median(distances)):
        return None
    regular = max(distances) <= usual * REGULAR and min(distances) * REGULAR >= usual
    expected: datetime = starts[0] + usual
    return expected if regular else None
