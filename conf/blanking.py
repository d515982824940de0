"""Blanking: spaces in place of the addresses and @handles of a text, so that no name is found inside them.

A network says with spans where they are. A span is believed only if an address or a handle stands there: a link or a
mention can be shown as words, and these are text. What no span covers is found by patterns. A blanked text has the
length of the text, so spans stay right, and blanking it again changes nothing.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST_HOST = 253
"""The most characters of a host's name in the DNS (RFC 1035)."""
Span = tuple[int, int]
"""The place of a part of a text: its first character, and the one after its last."""

ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.IGNORECASE)
"""`http(s)://`, and what RFC 3986 allows after it."""
_LOWER_ADDRESS = re.compile(ADDRESS.pattern)
"""The same in lower case, as nearly all are: a pattern that begins with letters is searched much faster."""
X_NAME = "[A-Za-z0-9_]{1,15}"
"""A handle on X without its @."""
X_START = r"[@＠](?:(?<![A-Za-z0-9_!#$%&*@＠][@＠])|(?<=\bRT[@＠]))"
X_END = r"(?![A-Za-z0-9_\u00c0-\u024f\u0300-\u036f]|://)"
"""How a handle on X begins, and what may not follow it: `@José` is none."""
X_HANDLE = re.compile(
    rf"{X_START}{X_NAME}{X_END}(?:[@＠][A-Za-z0-9_.-]*[A-Za-z0-9_]{X_END})*",
    re.ASCII,
)
"""A handle on X, by X's own rule (https://github.com/twitter/twitter-text), but for its old limit of 20 letters.

More may follow without a space: another handle, or the server of a handle of another network.
"""
HANDLE = re.compile(
    r"[@＠](?<![\w/][@＠])[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:[@＠][A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)*"
)
"""A handle on Mastodon or Bluesky: a name or a domain, and perhaps a server."""
_NARROW, _X_NARROW = (
    re.compile(wide.pattern.replace("[@＠]", "@"), wide.flags & re.ASCII) for wide in (HANDLE, X_HANDLE)
)
"""The same for texts without `＠`, as nearly all are: a pattern that begins with one letter is searched much faster."""
_SHOWN_HANDLE = re.compile(r"[@＠][^\s@＠]+(?:@[^\s@＠]+)?|[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_SCHEMES = ("https://", "http://")
_START = re.compile(r"^(?:https?://)?(?:www\.)?", re.IGNORECASE)
_HOST_END = re.compile(r"[/?#:]")
_CLIPPED = re.compile(r"(?:…|\.\.\.)$")


def blank(text: str, spans: Sequence[Span] = (), handle: "re.Pattern[str]" = HANDLE) -> str:
    """Returns the text with spaces in place of the spans, and of each address and handle outside them.

    A span that is not within the text is ignored. `handle` is the pattern of a handle.
    """
    if spans:
        text = blank_spans(text, spans)
    if "://" in text:
        is_lower = text.count("://") == text.count("http://") + text.count("https://")
        text = (_LOWER_ADDRESS if is_lower else ADDRESS).sub(_spaces, text)
    if "＠" in text:
        return handle.sub(_spaces, text)
    if "@" not in text:
        return text
    return (_X_NARROW if handle is X_HANDLE else _NARROW if handle is HANDLE else handle).sub(_spaces, text)


def blank_spans(text: str, spans: Iterable[Span]) -> str:
    """Returns the text with spaces in place of the spans. A span that is not within the text is ignored."""
    for start, end in spans:
        if 0 <= start < end <= len(text):
            text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def link_spans(text: str, links: Sequence[tuple[Any, Any, Any]]) -> list[Span]:
    """Returns the spans of links whose shown text is an address, whole or shortened, and not words.

    A link is its start, its end and its target. Links that overlap are one link, with the target of the first.
    """
    if not links:
        return []
    merged: list[tuple[int, int, Any]] = []
    usable = [link for link in links if _is_within(text, *link[:2])]
    for start, end, target in sorted(usable, key=lambda link: link[:2]) if len(usable) > 1 else usable:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
        else:
            merged.append((start, end, target))
    return [(start, end) for start, end, target in merged if _is_address(text[start:end].strip(), target)]


def mention_spans(text: str, start: Any, end: Any) -> list[Span]:
    """Returns the span of a mention if it is shown as a handle; none if it is shown as words."""
    return [(start, end)] if _is_within(text, start, end) and _SHOWN_HANDLE.fullmatch(text[start:end]) else []


def _is_within(text: str, start: Any, end: Any) -> bool:
    return type(start) is int and type(end) is int and 0 <= start < end <= len(text)


def _is_address(shown: str, target: Any) -> bool:
    """Returns whether a link's shown text is an address: it has a scheme or `www.`, or begins as the target does."""
    if not shown or len(shown.split(None, 1)) > 1:
        return False
    if shown.startswith(_SCHEMES):
        return True
    begun = _START.match(shown)
    if begun is None or begun.end():
        return begun is not None
    bare = _CLIPPED.sub("", shown).casefold()
    if "." not in bare or type(target) is not str:
        return False
    aim = _START.sub("", target).casefold()
    return aim.startswith(bare) or _host(bare) == _host(aim)


def _host(address: str) -> str:
    """Returns the host of an address without its scheme, as it stands in the network's names (IDNA).

    What is too long for a host is returned as it is: to encode it takes seconds for some thousand characters.
    """
    host = _HOST_END.split(address, maxsplit=1)[0]
    try:
        return host if host.isascii() or len(host) > LONGEST_HOST else host.encode("idna").decode()
    except UnicodeError:
        return host


def _spaces(match: "re.Match[str]") -> str:
    return " " * len(match[0])
