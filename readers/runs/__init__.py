"""Shows runs of jobs: how each ended, what shaped its result, and which other runs it read."""
