"""The names of nodes: what people read of them, and how they stand in formats that do not allow every text."""

import re

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
_NO_TOKEN = re.compile("[^A-Za-z0-9_.-]")


def name_shown(node: str, label: object) -> str:
    """Returns what people read of a node: its label; its name where there is none, as in graphs of older releases."""
    return label if isinstance(label, str) and label else node


def xml(text: str) -> str:
    """Returns the text for an XML attribute or element: markup is escaped.

    A character that XML does not allow becomes `\\uXXXX`. A backslash before `u` is doubled, so different names stay
    different.
    """
    if _NO_XML.search(text) or "\\u" in text:
        text = text.replace("\\u", "\\\\u")
        text = _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.translate(_MARKUP)


def token(text: str) -> str:
    """Returns the text as an XML name token, as ids in GraphML must be.

    Any character other than ASCII letters, digits, `_`, `-` and `.` becomes `:HEX.`; an empty text becomes `:.`.
    """
    return _NO_TOKEN.sub(lambda found: f":{ord(found[0]):x}.", text) or ":."
