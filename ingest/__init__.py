"""Ingest: from a source, through a Redis Stream, into Cassandra."""
