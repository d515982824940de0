"""Repairs JSON that is none: U+FFFD takes the place of broken text, and null that of what is no number.

Python's own `json` and pandas write NaN and Infinity, and some numbers are beyond the range of any program.
"""

import re

_ESCAPES = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
_WRONG = rb"(?<![\w.])-?(?:NaN|Infinity|[0-9]{300,}+(?:\.[0-9]++)?+|[0-9.]++[eE]\+?[0-9]{3,}+)(?![\w.])"
_NO_NUMBER = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"?)++|(' + _WRONG + rb")", re.DOTALL)
"""Strings, which are left as they are, or what is no number, or a very large one."""


def repaired(payload: bytes) -> bytes | None:
    """Returns JSON with U+FFFD for bytes that are not UTF-8 and for halves of surrogate pairs, and null for no number.

    None if there is nothing to repair.
    """
    mended = payload.decode(errors="replace").encode()
    if b"\\ud" in mended or b"\\uD" in mended:
        mended = _ESCAPES.sub(lambda found: b"\\ufffd" if found[2] else found[0], mended)
    if re.search(_WRONG, mended):
        mended = _NO_NUMBER.sub(lambda found: b"null" if found[1] else found[0], mended)
    return mended if mended != payload else None
