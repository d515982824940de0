"""The candidate poll as a frame, a table and bars."""

TOO_FEW = 30
"""With fewer authors than this, no share is shown, since its interval would be too wide to be useful."""
