"""Access to Cassandra and Redis: sessions, prepared statements, encoding, bounded execution, layout check."""
