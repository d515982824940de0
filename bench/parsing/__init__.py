"""Parsing: CPU time from a line of a capture to a row, format by format, beside an earlier commit.

`lines` writes the corpus in each format, `side` is the process that is measured, `benchmark` asks both by turns.
"""

from bench.parsing.benchmark import BEFORE, benchmark

__all__ = ["BEFORE", "benchmark"]
