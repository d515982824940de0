"""Jobs: how long they take at this commit and at the one before they were made faster, by turns in one run.

`sides` puts the earlier commit into a folder, `stored` stores posts for both, `submits` runs a job, `compared` and
`growth` say what is measured, `same` compares the results of both, `figures` computes with seconds, `table` writes
them.
"""

from bench.jobs.benchmark import ROWS, names, sections

__all__ = ["ROWS", "names", "sections"]
