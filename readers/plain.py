"""Makes the texts of posts safe for a terminal: they can't move the cursor, change colours or reverse a line."""

import regex

_CONTROL = regex.compile(r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}--\t\n]", regex.V1)
_DIRECTION = regex.compile("[\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Returns the text with U+FFFD in place of control characters, except tabs and line feeds.

    Marks that override the direction of text are removed.
    """
    return _CONTROL.sub("\ufffd", _DIRECTION.sub("", text))


def one_line(text: str) -> str:
    """Returns the text as one printable line, with one space in place of each run of white space."""
    return printable(" ".join(text.split()))
