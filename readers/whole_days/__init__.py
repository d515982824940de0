"""Reads all posts of days as Arrow tables, many partitions at once, at a fraction of the driver's own cost."""
