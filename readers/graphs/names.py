"""Names of nodes in files: any text, in formats that do not take any text."""

import re

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
_NO_TOKEN = re.compile("[^A-Za-z0-9_.-]")


def xml(text: str) -> str:
    """The text for an attribute or an element: markup escaped, and characters that XML has no way to write as `\\uXXXX`
    (and a backslash before `u` doubled, so that two names never become one)."""
    if _NO_XML.search(text) or "\\u" in text:
        text = text.replace("\\u", "\\\\u")
        text = _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.translate(_MARKUP)


def token(text: str) -> str:
    """The text as an XML name token, which ids in GraphML must be: itself, unless it holds other characters than
    ASCII letters, digits, `_`, `-` and `.`; those become `:HEX.`; an empty text is `:.`."""
    return _NO_TOKEN.sub(lambda found: f":{ord(found[0]):x}.", text) or ":."
