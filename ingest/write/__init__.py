"""From the queue to Cassandra: the worker and what it writes."""
