"""Samples of posts that count for a candidate, to be read by a person, and the precision that the answers show."""
