"""Shows runs of jobs: how each ended, the digest of its rules, and the other runs whose rows it read."""
