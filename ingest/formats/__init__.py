"""Capture formats, recognised by content. A line of a capture is split into units; each unit is one post."""

from ingest.formats.detect import Refused, Unit, split, unit_of
from ingest.formats.parse import DELETIONS, parse, parse_deletion

__all__ = ["DELETIONS", "Refused", "Unit", "parse", "parse_deletion", "split", "unit_of"]
