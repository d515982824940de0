"""Facets of Bluesky posts: links, mentions and hashtags, with their places in the text.

A record is what its author's program has written, and facets can hold anything. What does not fit the lexicon
(https://github.com/bluesky-social/atproto, app.bsky.richtext.facet) is left out.
"""

from typing import Any

from conf.blanking import Span, link_spans, mention_spans
from ingest.formats.limits import MOST_ITEMS

_TAG, _MENTION, _LINK = (f"app.bsky.richtext.facet#{kind}" for kind in ("tag", "mention", "link"))


class Facets:
    """The usable parts of a post's facets: `tags`, `mentions` (DIDs), `links`, and `spans` of what is to be blanked."""

    def __init__(self, text: str, facets: Any) -> None:
        self.tags: list[str] = []
        self.mentions: list[str] = []
        self.links: list[str] = []
        self.spans: list[Span] = []
        self._shown_links: list[tuple[int | None, int | None, str]] = []
        self._text = text
        self._bytes = None if text.isascii() else text.encode("utf-8", "surrogatepass")
        for facet in facets[:MOST_ITEMS] if isinstance(facets, list) else ():
            if isinstance(facet, dict) and isinstance(features := facet.get("features"), list):
                index = facet.get("index")
                start, end = self._place(index) if isinstance(index, dict) else (None, None)
                for feature in features[:MOST_ITEMS]:
                    if isinstance(feature, dict):
                        self._take(feature, start, end)
        if self._shown_links:
            self.spans += link_spans(text, self._shown_links)

    def _take(self, feature: dict[str, Any], start: int | None, end: int | None) -> None:
        kind = feature.get("$type")
        if kind == _TAG and isinstance(tag := feature.get("tag"), str):
            self.tags.append(tag)
        elif kind == _MENTION and isinstance(did := feature.get("did"), str):
            self.mentions.append(did)
            self.spans += mention_spans(self._text, start, end)
        elif kind == _LINK and isinstance(uri := feature.get("uri"), str):
            self.links.append(uri)
            self._shown_links.append((start, end, uri))

    def _place(self, index: dict[str, Any]) -> tuple[Any, Any]:
        """Returns a facet's place in characters; (None, None) if it is not in the text, or cuts a character in two."""
        start, end = index.get("byteStart"), index.get("byteEnd")
        if self._bytes is None:
            return start, end
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(self._bytes):
            return None, None
        try:
            first = len(self._bytes[:start].decode("utf-8", "surrogatepass"))
            return first, first + len(self._bytes[start:end].decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            return None, None
