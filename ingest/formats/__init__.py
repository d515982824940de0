"""Capture formats, recognised by content: one line of a capture becomes units of one post each."""

from ingest.formats.detect import Refused, Unit, split
from ingest.formats.parse import DELETIONS, parse, parse_deletion

__all__ = ["DELETIONS", "Refused", "Unit", "parse", "parse_deletion", "split"]
