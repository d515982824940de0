"""The queue between sources and workers: one Redis Stream, its publisher, its dead letters."""
