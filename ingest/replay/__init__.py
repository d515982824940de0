"""Captures through the same path as live collection."""
