"""Live collection: between a source, which must never wait, and the queue, which may have to."""
