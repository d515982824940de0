"""Capture formats, recognised by content. A line of a capture is split into units; each unit is one post."""

from ingest.formats.detect import BLANK, Refused, Unit, split, unit_of
from ingest.formats.parse import DELETIONS, LOSSES, NAMES, parse, parse_deletion, parse_loss, parse_name

__all__ = [
    "BLANK",
    "DELETIONS",
    "LOSSES",
    "NAMES",
    "Refused",
    "Unit",
    "parse",
    "parse_deletion",
    "parse_loss",
    "parse_name",
    "split",
    "unit_of",
]
