"""The embedded engines, Cassandra and Redis, for one machine: fetched, started, described and stopped."""
