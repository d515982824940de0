"""What parsing a malformed payload can raise, and how the reason is told."""

import msgspec

from ingest.formats.post import InvalidMessage

MALFORMED = (
    *(InvalidMessage, msgspec.MsgspecError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RuntimeError, AssertionError, OSError),
)
"""The errors that parsing a malformed payload can raise.

Parsing reads no file and asks nobody, so an OSError is the payload's, too: of a time that the system's calendar lacks.
"""
_TOLD: tuple[tuple[type[Exception], str], ...] = (
    (msgspec.ValidationError, "wrong type or missing field: {}"),
    (UnicodeDecodeError, "not UTF-8"),
    (RecursionError, "not valid JSON: nested too deeply"),
    (ValueError, "not valid JSON: {}"),
    (ArithmeticError, "out of range: {}"),
    (OSError, "out of range: {}"),
    (Exception, "wrong type: {}"),
)


def reason_of(error: Exception) -> str:
    """Returns, in one short line, why a payload was refused."""
    if isinstance(error, InvalidMessage):
        return str(error)
    return next(told for kind, told in _TOLD if isinstance(error, kind)).format(error)[:300]
