"""Parsing: how long it takes from a line of a capture to a row, format by format, beside an earlier commit."""
