"""The candidate poll as a frame, a table and bars."""
