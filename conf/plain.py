"""Makes what strangers wrote safe for a terminal: it can't move the cursor, change colours or reverse a line."""

import re

_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Returns the text with U+FFFD in place of control characters, except tabs and line feeds.

    Marks that override the direction of text are removed. So the result can be encoded, whatever the text holds.
    """
    return _CONTROL.sub("\ufffd", _DIRECTION.sub("", text))


def one_line(text: str) -> str:
    """Returns the text as one printable line, with one space in place of each run of white space."""
    return printable(" ".join(text.split()))
