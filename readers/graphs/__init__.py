"""Stored network graphs: as tables, as files for other tools, and as pictures."""
