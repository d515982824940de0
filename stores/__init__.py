"""Access to Cassandra and Redis: sessions, statements, encoding, requests in parallel, pointers, partitioning check."""
