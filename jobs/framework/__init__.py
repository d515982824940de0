"""Runs jobs: inputs, checks, publication, the record of runs."""
