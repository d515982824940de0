"""The mirror: the posts of days that are over, a Parquet file for each, beside Cassandra, which `posts` reads."""
