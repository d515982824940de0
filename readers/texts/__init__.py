"""Texts that many accounts posted, as a frame and a table."""
