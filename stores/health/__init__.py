"""The health of Cassandra's nodes and of Redis: what they tell of themselves, and warnings in plain words."""
