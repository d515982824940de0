"""Runs of jobs: how each went, what shaped its result, and which other runs it read."""
