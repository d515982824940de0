"""Capture formats, recognised by content. A line of a capture is split into units; each unit is one post."""

from ingest.formats.detect import Refused, Unit, split
from ingest.formats.parse import DELETIONS, NAMES, parse, parse_deletion, parse_name

__all__ = ["DELETIONS", "NAMES", "Refused", "Unit", "parse", "parse_deletion", "parse_name", "split"]
