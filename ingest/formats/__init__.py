"""Capture formats, recognised by content. A line of a capture is split into units; each unit is one post."""

from ingest.formats.detect import BLANK, Refused, Unit, split, unit_of
from ingest.formats.parse import DELETIONS, LOSSES, parse, parse_deletion, parse_loss

__all__ = [
    "BLANK",
    "DELETIONS",
    "LOSSES",
    "Refused",
    "Unit",
    "parse",
    "parse_deletion",
    "parse_loss",
    "split",
    "unit_of",
]
