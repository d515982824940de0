"""Readers: summaries and posts as tables, files and pictures, for people, notebooks and machines."""
