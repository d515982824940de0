"""Conversations with most replies, as a frame and a table."""
