"""Bursts: whether more authors use something in a period than the periods before let one expect.

An hour is compared with the 24 hours before, a day with the 7 days before, and the window with the span of equal length
that ends where the window starts. A window of more than 7 days has no such span: nothing is read before it. The figures
compare shares of all authors, so a busy evening makes no burst, and they count authors, so a flooder makes none.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
from pyspark.sql import Column
from pyspark.sql import functions as F

from conf.topic import Topic
from jobs.framework.window import Window
from jobs.measures.ballots import Floats, Ints
from jobs.measures.hashtags import FEWEST_AUTHORS

VERSION = "burst/ic025"
BASELINE = {"hour": 24, "day": 7, "window": 1}
"""The number of preceding periods from which the expected number of authors is computed."""
LONGEST_BEFORE = timedelta(days=7)
"""No span is read before a window that is longer than this."""


def reach(window: Window, topic: Topic) -> Window:
    """Returns the span of posts that bursts need: the window, and up to 7 days (of the topic) before it."""
    starts = [window.start]
    if hours := window.whole("hour"):
        starts.append(hours[0] - timedelta(hours=BASELINE["hour"]))
    if days := window.whole("day"):
        earliest = topic.day_of(days[0]) - timedelta(days=BASELINE["day"])
        starts.append(datetime.combine(earliest, time(0), topic.zone).astimezone(UTC))
    if has_span_before(window):
        starts.append(window.start - (window.end - window.start))
    return Window(min(starts), window.end, window.zone)


def has_span_before(window: Window) -> bool:
    """Returns whether the span of equal length before the window is used."""
    return window.end - window.start <= LONGEST_BEFORE


def expected_authors(everyone: Any, before: Any, everyone_before: Any) -> Any:
    """Returns how many of `everyone` would use something if its share of all authors were as before.

    `before` are the authors who used it in the preceding periods, `everyone_before` all authors there. The share is
    estimated with half an author added on either side (Jeffreys' prior). So the expected number is above 0 even if
    nobody happened to use it in a short or quiet time before. The numbers are columns or arrays.
    """
    return everyone * (before + 0.5) / (everyone_before + 1)


def burst(observed: Column, expected: Column) -> Column:
    """Returns the lower 95 % limit of the information component, IC025, in bits.

    It is at most 0 for fewer than FEWEST_AUTHORS authors.
    """
    limit = _limit(observed, expected, F.log2)
    return F.when((observed < FEWEST_AUTHORS) & (limit > 0), F.lit(0.0)).otherwise(limit)


def bursts(observed: Ints, expected: Floats) -> Floats:
    """Returns the same as `burst`, of arrays."""
    limit = np.asarray(_limit(observed, expected, np.log2))
    return np.where((observed < FEWEST_AUTHORS) & (limit > 0), 0.0, limit)


def _limit(observed: Any, expected: Any, log2: Callable[[Any], Any]) -> Any:
    """Returns IC025, of columns or of arrays.

    Norén, Hopstadius and Bate (2013), Shrinkage observed-to-expected ratios for robust and transparent large-scale
    pattern discovery, Statistical Methods in Medical Research 22(1): IC = log2((O + 1/2) / (E + 1/2)), and a formula
    for its lower limit. The formula approximates the quantile of a gamma distribution; a test compares the two.
    """
    shrunk = observed + 0.5
    return log2(shrunk / (expected + 0.5)) - 3.3 * shrunk**-0.5 - 2 * shrunk**-1.5
