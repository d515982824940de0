"""How a command reaches Cassandra and Redis: sessions, prepared statements, encoding, bounded execution, layout."""
