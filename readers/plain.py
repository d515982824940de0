"""Texts of others on a terminal: nothing in them may move the cursor, change colours or turn the line around."""

import regex

_CONTROL = regex.compile(r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}--\t\n]", regex.V1)
_DIRECTION = regex.compile("[\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with its control characters as U+FFFD, without marks that override its direction; lines stay lines."""
    return _CONTROL.sub("\ufffd", _DIRECTION.sub("", text))


def one_line(text: str) -> str:
    """The text as one printable line, its white space runs one space each."""
    return printable(" ".join(text.split()))
