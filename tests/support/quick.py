"""How Cassandra's JVM runs in a test: it lives for seconds or minutes, so it must be quick at once."""

QUICK = ("-XX:TieredStopAtLevel=1",)
"""Without the second compiler, which would take one of two cores from the processes under test."""
