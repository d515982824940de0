"""From the queue into Cassandra: the worker and what it writes."""
