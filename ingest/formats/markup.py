"""A Mastodon status's HTML as text, with the places of its links and mentions.

What servers send: https://docs.joinmastodon.org/spec/activitypub/#sanitization. Other software sends more elements.
"""

import re
from collections import defaultdict
from html import unescape

from conf.blanking import Span, blank, link_spans, mention_spans

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details"),
        *("dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1"),
        *("h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav"),
        *("ol", "option", "p", "pre", "search", "section", "select", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "ul"),
    )
)
"""Elements whose start and end break words."""
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())  # noqa: SIM905
"""Elements without an end."""
_PICTURES = frozenset(("audio", "canvas", "iframe", "img", "object", "svg", "video"))
"""Elements in whose place something else than text is shown. They break words, too."""
_NO_TEXT = frozenset(("rp", "script", "style", "template", "title"))
_READING = "rt"
"""The element with how a name is read (ruby). Readings stand at the end of the text, so that the name stays whole."""
_HIDDEN = frozenset(("invisible", "quote-inline"))
"""Classes of elements that are not shown: the parts of a shortened address, and the address of a quoted post."""
_TAG = re.compile(r"<(/?)(?:([a-zA-Z][^\s/<>]*+)|[!?])([^<>]*+)>")
"""A tag or a comment. Servers escape `<` and `>` inside of both, so each is found in one step whatever comes after."""
_ATTRIBUTE = re.compile(r"(class|href|rel)\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_WORDS, _LINK, _MENTION = "words", "link", "mention"


class Markup:
    """Reads `content`, after `before`, which is plain text.

    `text` is the text as shown, `bare` the same without addresses and handles, and `links` the addresses of the links
    that are neither mention nor hashtag.
    """

    def __init__(self, content: str, before: str = "") -> None:
        self.links: list[str] = []
        self._parts, self._length = [before], len(before)
        self._readings: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._hidden = 0
        self._anchor: tuple[int, str, str] | None = None
        self._anchors: list[tuple[int, int, str, str]] = []
        end = 0
        for tag in _TAG.finditer(content):
            self._add(content[end : tag.start()])
            end = tag.end()
            if name := (tag[2] or "").lower():
                self._end(name) if tag[1] else self._start(name, tag[3])
        self._add(content[end:])
        self._end_anchor()
        shown = " ".join(["".join(self._parts), *self._readings])
        self.text, self.bare = shown.strip(), blank(shown, self._spans(shown))

    def _start(self, tag: str, attributes: str) -> None:
        """Remembers where links and hidden parts begin; a block breaks the word before it."""
        if tag in _BLOCKS:
            self._break()
        if tag in _PICTURES:
            self._add(" ")
        if tag in _VOID:
            return
        self._counts[tag] += 1
        given = {name.lower(): unescape(value[1:-1]) for name, value in _ATTRIBUTE.findall(attributes)}
        classes = given.get("class", "").split()
        hides = tag in _NO_TEXT or not _HIDDEN.isdisjoint(classes)
        self._open.append((tag, hides))
        self._hidden += hides
        if tag == "a":
            self._start_anchor(given.get("href", ""), classes, given.get("rel", ""))

    def _end(self, tag: str) -> None:
        """Remembers where links and hidden parts end, also those inside that have no end of their own."""
        name = "" if self._counts[tag] else tag
        while name != tag:
            name, hid = self._open.pop()
            self._counts[name] -= 1
            self._hidden -= hid
            if name == "a":
                self._end_anchor()
        if tag in _BLOCKS:
            self._break()

    def _break(self) -> None:
        if self._parts[-1] != "\n":
            self._parts.append("\n")
            self._length += 1

    def _add(self, escaped: str) -> None:
        """Adds text, if it is shown."""
        if escaped and not self._hidden:
            text = unescape(escaped) if "&" in escaped else escaped
            if self._counts[_READING]:
                self._readings.append(text)
                return
            self._parts.append(text)
            self._length += len(text)

    def _start_anchor(self, href: str, classes: list[str], rel: str) -> None:
        self._end_anchor()
        is_tag = "hashtag" in classes or "tag" in rel.split()
        kind = _WORDS if is_tag else _MENTION if "mention" in classes else _LINK
        if kind == _LINK and href and not self._hidden:
            self.links.append(href)
        self._anchor = (self._length, kind, href)

    def _end_anchor(self) -> None:
        if self._anchor:
            start, kind, href = self._anchor
            self._anchors.append((start, self._length, kind, href))
            self._anchor = None

    def _spans(self, shown: str) -> list[Span]:
        found: list[Span] = []
        for start, end, kind, href in self._anchors:
            if kind == _LINK:
                found += link_spans(shown, [(start, end, href)])
            elif kind == _MENTION:
                found += mention_spans(shown, start, end)
        return found
