"""What parsing a malformed payload can raise, and how the reason is told."""

import msgspec

from ingest.formats.post import InvalidMessage

MALFORMED = (InvalidMessage, msgspec.MsgspecError, ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""The errors that parsing a malformed payload can raise."""


def reason_of(error: Exception, payload: bytes) -> str:
    """Returns, in one short line, why a payload was refused."""
    if isinstance(error, InvalidMessage):
        return str(error)
    if isinstance(error, msgspec.ValidationError):
        return f"wrong type or missing field: {error}"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "not valid JSON: nested too deeply"
    if isinstance(error, ValueError):
        surrogate = " (or a lone surrogate)" if b"\\ud" in payload.lower() else ""
        return f"not valid JSON: {error}{surrogate}"[:300]
    return f"wrong type: {error}"[:300]
