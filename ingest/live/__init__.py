"""Live collection: the part between a source, which must never wait, and the queue, which may be slow or full."""
