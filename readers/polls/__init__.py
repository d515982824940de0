"""The candidate poll as a frame, a table and bars."""

TOO_FEW = 30
"""With fewer authors than this, no share is shown: its interval would say nothing."""
