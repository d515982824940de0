"""Capture formats, recognised by content. A line of a capture is split into units; each unit is one post."""

from ingest.formats.detect import BLANK, Refused, Unit, split
from ingest.formats.parse import DELETIONS, parse, parse_deletion

__all__ = ["BLANK", "DELETIONS", "Refused", "Unit", "parse", "parse_deletion", "split"]
