"""Capture formats, told apart by content: one line of a capture becomes units of one post each."""

from ingest.formats.detect import Refused, Unit, split
from ingest.formats.parse import parse

__all__ = ["Refused", "Unit", "parse", "split"]
