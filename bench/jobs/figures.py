"""Computes with the seconds of runs: ratios of medians, and how time grows with the number of posts."""

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from conf.errors import PulsoError

LEAST_NET = 0.1
"""Seconds; a time net of start is never taken to be less, since a start that takes longer by chance can exceed it."""


def ratio_of_medians(these: Sequence[float], those: Sequence[float]) -> float:
    """Returns the median of the first seconds over that of the second."""
    return median(these) / median(those)


def net_of(seconds: Sequence[float], start: Sequence[float]) -> float:
    """Returns the median of the seconds less that of the start, at least LEAST_NET."""
    return max(median(seconds) - median(start), LEAST_NET)


def exponent(seconds: Mapping[int, float]) -> float:
    """Returns the exponent k of the curve seconds = c * posts**k that is nearest by least squares of the logarithms.

    `seconds` are by number of posts. Raises PulsoError for fewer than two sizes.
    """
    if len(seconds) < 2:
        raise PulsoError("growth needs at least two different numbers of posts", "Give other --posts or --large-posts")
    slope, _ = np.polyfit(np.log(list(seconds)), np.log(list(seconds.values())), 1)
    return float(slope)
