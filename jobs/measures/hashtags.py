"""A constant that the jobs on hashtags share."""

FEWEST_AUTHORS = 5
"""A hashtag with fewer authors does not burst, and does not count as typical of any candidate."""
