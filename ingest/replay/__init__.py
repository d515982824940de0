"""Replay: captures on the same path as live collection."""
