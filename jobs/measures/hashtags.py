"""What the jobs on hashtags have in common."""

FEWEST_AUTHORS = 5
"""A hashtag that fewer authors use does not burst, and is not held to be any candidate's."""
