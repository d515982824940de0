"""A Mastodon status's HTML as text, with the places of its links and mentions.

What servers send: https://docs.joinmastodon.org/spec/activitypub/#sanitization. Other software sends more elements.
"""

import re
from collections import Counter
from html.parser import HTMLParser

from conf.blanking import Span, blank, link_spans, mention_spans

_BLOCKS = re.compile(
    r"address|article|aside|blockquote|br|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6r]|"
    r"header|legend|li|main|nav|ol|option|p|pre|section|select|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
"""Elements whose start and end break words."""
_VOID = re.compile(r"area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr")
"""Elements without an end."""
_NO_TEXT = frozenset(("script", "style", "template", "title"))
_HIDDEN = frozenset(("invisible", "quote-inline"))
"""Classes of elements that are not shown: the parts of a shortened address, and the address of a quoted post."""
_WORDS, _LINK, _MENTION = "words", "link", "mention"


class Markup(HTMLParser):
    """Reads `content`, after `before`, which is plain text.

    `text` is the text as shown, `bare` the same without addresses and handles, and `links` the addresses of the links
    that are neither mention nor hashtag.
    """

    def __init__(self, content: str, before: str = "") -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self._parts, self._length = [before], len(before)
        self._open: list[tuple[str, bool]] = []
        self._counts: Counter[str] = Counter()
        self._hidden = 0
        self._anchor: tuple[int, str, str] | None = None
        self._anchors: list[tuple[int, int, str, str]] = []
        self.feed(content)
        self.close()
        self._end_anchor()
        shown = "".join(self._parts)
        self.text, self.bare = shown.strip(), blank(shown, self._spans(shown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remembers where links and hidden parts begin; a block breaks the word before it."""
        if _BLOCKS.fullmatch(tag):
            self._add("\n")
        if _VOID.fullmatch(tag):
            return
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        hides = tag in _NO_TEXT or not _HIDDEN.isdisjoint(classes)
        self._open.append((tag, hides))
        self._counts[tag] += 1
        self._hidden += hides
        if tag == "a":
            self._start_anchor(given.get("href") or "", classes, given.get("rel") or "")

    def handle_endtag(self, tag: str) -> None:
        """Remembers where links and hidden parts end, also those inside that have no end of their own."""
        name = "" if self._counts[tag] else tag
        while name != tag:
            name, hid = self._open.pop()
            self._counts[name] -= 1
            self._hidden -= hid
            if name == "a":
                self._end_anchor()
        if _BLOCKS.fullmatch(tag):
            self._add("\n")

    def handle_data(self, data: str) -> None:
        """Adds text that is shown."""
        if not self._hidden:
            self._add(data)

    def _add(self, text: str) -> None:
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
                found += link_spans(shown, start, end, href)
            elif kind == _MENTION:
                found += mention_spans(shown, start, end)
        return found
