"""The queue between sources and workers: a Redis Stream, its messages, its publisher, its dead letters."""
