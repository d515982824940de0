"""X: the filtered stream of API v2, and a topic as its rules."""
