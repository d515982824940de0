"""Rates: what ingest takes in a second once it is warm, and each of its parts beside the least that anybody must do.

`parts` measures the parts in this process, `plain` what they are set beside, `whole` all commands together, `table`
writes the rows, `benchmark` runs all of it by turns.
"""

from bench.rates.benchmark import ROWS, benchmark

__all__ = ["ROWS", "benchmark"]
