"""Capture formats, recognised by content. A line of a capture is split into units; each unit is one post."""

from ingest.formats.detect import BLANK, Refused, Unit, split, unit_of
from ingest.formats.parse import DELETIONS, LOSSES, NAMES, parse, parse_deletion, parse_loss, parse_name
from ingest.formats.parsed import PARSED, packed, readable

__all__ = [
    "BLANK",
    "DELETIONS",
    "LOSSES",
    "NAMES",
    "PARSED",
    "Refused",
    "Unit",
    "packed",
    "parse",
    "parse_deletion",
    "parse_loss",
    "parse_name",
    "readable",
    "split",
    "unit_of",
]
