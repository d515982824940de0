"""Repairs text that is no Unicode: U+FFFD takes the place of what is broken."""

import re

_ESCAPES = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def repaired(payload: bytes) -> bytes | None:
    """Returns JSON with U+FFFD for bytes that are not UTF-8 and for halves of surrogate pairs; None if it has none."""
    mended = payload.decode(errors="replace").encode()
    if b"\\ud" in mended or b"\\uD" in mended:
        mended = _ESCAPES.sub(lambda found: b"\\ufffd" if found[2] else found[0], mended)
    return mended if mended != payload else None
